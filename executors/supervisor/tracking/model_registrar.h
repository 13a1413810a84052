#pragma once
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "executors/supervisor/tracking/model_versions.h"

namespace hd {

/// Registers models of an attempt in its project, as `hdrive model register` does: by that program,
/// because hashing and copying gigabytes must not hold up the supervisor.
class ModelRegistrar {
 public:
  struct Place {
    std::string program;  ///< hdrive; empty when it is not there
    std::string project;  ///< its folder
    std::string run_id;
    std::string outputs;  ///< folder of the attempt
    std::string mark;     ///< HDRIVE_ATTEMPT
    std::string home;     ///< the user's, may be empty
  };

  explicit ModelRegistrar(Place place) : place_(std::move(place)) {}
  ~ModelRegistrar();
  ModelRegistrar(const ModelRegistrar&) = delete;
  ModelRegistrar& operator=(const ModelRegistrar&) = delete;

  /// Starts a registration; `registered` is called by `process_ended`, or at once when it cannot be
  /// started.
  void start(const ModelToRegister& model, std::function<void(Result<int>)> registered);

  /// To be told of every process that ended; others than those started here are ignored.
  void process_ended(pid_t pid, int status);

 private:
  struct UnderWay {
    int output = -1;
    int errors = -1;
    std::function<void(Result<int>)> registered;
  };
  [[nodiscard]] Result<pid_t> launch(const ModelToRegister& model, UnderWay& made) const;

  Place place_;
  std::map<pid_t, UnderWay> under_way_;
};

/// The program hdrive beside the running program, empty when there is none.
[[nodiscard]] std::string find_hdrive();

}  // namespace hd
