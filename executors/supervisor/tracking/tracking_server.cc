#include "executors/supervisor/tracking/tracking_server.h"

#include <optional>
#include <utility>

#include "executors/supervisor/listening.h"
#include "executors/supervisor/tracking/metric_history.h"
#include "executors/supervisor/tracking/model_registrar.h"
#include "executors/supervisor/tracking/tracking_api.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/tracking/artifact_folder.h"
#include "executors/tracking/http_listener.h"
#include "executors/tracking/random_text.h"

namespace hd {
namespace {

std::string value_of(const Variables& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

class TrackingServer::Impl : public HttpService {
 public:
  Impl(boost::asio::io_context& loop,
       Sinks sinks,
       const std::string& path,
       const ChildRunSpec& spec)
      : loop_(loop),
        sinks_(std::move(sinks)),
        spec_(spec),
        history_(sinks_.log),
        registrar_({find_hdrive(),
                    value_of(spec.environment, "HDRIVE_PROJECT"),
                    spec.run_id,
                    path + '/' + attempt_files::kWork + "/outputs",
                    spec.nonce,
                    value_of(spec.environment, "HOME")}) {}

  std::optional<Error> open(int directory, int work, Variables& environment) {
    if (names_tracking_server(environment)) {
      note(
          "MLFLOW_TRACKING_URI is set in the environment of the script: MLflow logs there, and "
          "hdrive does not hear it");
      return std::nullopt;
    }
    listener_.reset();
    listener_ = std::make_unique<HttpListener>(loop_, *this);
    auto port = listener_->listen();
    if (!port) {
      listener_.reset();
      if (port.error().may_pass) return port.error();
      note("MLflow is not heard: " + port.error().message);
      return std::nullopt;
    }
    artifacts_ = std::make_unique<ArtifactFolder>(work, directory);
    TrackingApi::Parts& parts = parts_.emplace();
    parts.identity = tracked_identity(spec_.run_id, environment, Listening::now().wall_us / 1000);
    parts.token = random_hex_text();
    parts.tell = [this](const HeardLine& line) { tell(line); };
    parts.history = [this](std::string_view name, std::int64_t offset) {
      return history_.read(name, offset);
    };
    parts.register_model = [this](const ModelToRegister& model,
                                  std::function<void(Result<int>)> registered) {
      registrar_.start(model, std::move(registered));
    };
    add_tracking_variables(environment, parts.identity, *port, parts.token);
    api_.reset();
    return std::nullopt;
  }

  void process_ended(pid_t pid, int status) { registrar_.process_ended(pid, status); }

  void finish(std::function<void()> done) {
    if (!listener_) return done();
    listener_->finish(std::move(done));
  }

  HttpAdmission admit(const HttpRequest& head) override {
    // What is printed in this moment may be on its way here too.
    sinks_.router.expect_more(Listening::now().steady_us);
    // Most scripts never come here, and pay for nothing but the open port.
    if (!api_) api_ = std::make_unique<TrackingApi>(std::move(*parts_), *artifacts_);
    return api_->admit(head);
  }

  void answer(const HttpRequest& request, Reply reply) override {
    api_->answer(request, [this, reply = std::move(reply)](HttpAnswer answer) {
      if (std::exchange(told_, false)) sinks_.changed();
      reply(std::move(answer));
    });
  }

 private:
  void tell(const HeardLine& line) {
    sinks_.router.hear(line, Route::kMlflow, Listening::now());
    told_ = true;
  }

  void note(const std::string& text) {
    if (std::exchange(noted_, true)) return;  // a start that is tried again
    sinks_.log.add_note(text);
  }

  boost::asio::io_context& loop_;
  Sinks sinks_;
  const ChildRunSpec& spec_;
  MetricHistory history_;
  ModelRegistrar registrar_;
  std::unique_ptr<ArtifactFolder> artifacts_;
  std::optional<TrackingApi::Parts> parts_;  ///< until there is an api_
  std::unique_ptr<TrackingApi> api_;
  std::unique_ptr<HttpListener> listener_;  ///< goes first: it uses the others
  bool told_ = false;
  bool noted_ = false;
};

TrackingServer::TrackingServer(boost::asio::io_context& loop,
                               Sinks sinks,
                               const std::string& path,
                               const ChildRunSpec& spec)
    : impl_(std::make_unique<Impl>(loop, std::move(sinks), path, spec)) {}

TrackingServer::~TrackingServer() = default;

std::optional<Error> TrackingServer::open(int directory, int work, Variables& environment) {
  return impl_->open(directory, work, environment);
}

void TrackingServer::process_ended(pid_t pid, int status) { impl_->process_ended(pid, status); }

void TrackingServer::finish(std::function<void()> done) { impl_->finish(std::move(done)); }

}  // namespace hd
