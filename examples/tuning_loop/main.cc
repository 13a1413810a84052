// Tunes a small model in a loop of the program's own: a polynomial is fitted to a curve by gradient
// descent, and the loop looks for the learning rate, momentum and degree with the least error.

#include <cmath>
#include <cstdint>
#include <hdrive/hdrive.h>
#include <iostream>
#include <vector>

namespace {

double curve(double x) { return std::sin(3 * x); }

double polynomial(const std::vector<double>& weights, double x) {
  double sum = 0;
  for (auto w = weights.rbegin(); w != weights.rend(); ++w) sum = sum * x + *w;
  return sum;
}

/// Mean squared error on points that were not trained on.
double train(const hd::Trial& trial) {
  const double learning_rate = trial.configuration.find("lr")->as_number();
  const double momentum = trial.configuration.find("momentum")->as_number();
  const std::int64_t degree = trial.configuration.find("degree")->as_integer();

  constexpr int kSteps = 400;
  constexpr int kPoints = 40;
  std::vector<double> weights(static_cast<std::size_t>(degree) + 1, 0.0);
  std::vector<double> speed(weights.size(), 0.0);
  for (int step = 0; step < kSteps; ++step) {
    std::vector<double> gradient(weights.size(), 0.0);
    for (int i = 0; i < kPoints; ++i) {
      const double x = 2.0 * i / kPoints - 1;
      const double error = polynomial(weights, x) - curve(x);
      double power = 1;
      for (double& g : gradient) {
        g += 2 * error * power / kPoints;
        power *= x;
      }
    }
    for (std::size_t k = 0; k < weights.size(); ++k) {
      speed[k] = momentum * speed[k] - learning_rate * gradient[k];
      weights[k] += speed[k];
    }
  }
  double loss = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double x = (2.0 * i + 1) / kPoints - 1;
    loss += std::pow(polynomial(weights, x) - curve(x), 2) / kPoints;
  }
  return loss;
}

}  // namespace

int main() {
  const hd::ParameterSpace space{{"lr", hd::loguniform(-7, 1)},
                                 {"momentum", hd::choice(0.0, 0.5, 0.9)},
                                 {"degree", hd::choice(1, 3, 5, 7)}};
  hd::TuningLoop loop(
      space, hd::RandomSampling{.seed = 7}, {.metric = "loss", .goal = hd::Goal::minimize});

  for (int round = 0; round < 5; ++round) {
    for (const hd::Trial& trial : loop.ask(8)) {
      const double loss = train(trial);
      if (std::isfinite(loss)) {
        loop.tell(trial.id, loss);
      } else {
        loop.tell_failed(trial.id);  // the learning rate was too large
      }
    }
    std::cout << "after " << loop.trials().size() << " trials: loss " << loop.best().value
              << " with " << to_json(loop.best().configuration) << '\n';
  }
  return loop.best().value < 0.01 ? 0 : 1;
}
