#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/line_reader.h"
#include "cli/loop_journal.h"
#include "cli/output.h"
#include "cli/program.h"
#include "engine/config/find_files.h"
#include "engine/config/hdconfig.h"
#include "engine/core/error.h"
#include "samplers/ask_tell_session.h"

namespace hd {

namespace {

struct AskTellRequest {
  std::string hdconfig;  ///< `--hyperdrive-configuration-name`
  std::optional<std::uint64_t> seed;
  std::string state;  ///< `--state`
};

HyperDriveConfig read_config(const CommonOptions& options, const AskTellRequest& request) {
  const FoundFile found = find_hdconfig(Workspace::locate(options.path), request.hdconfig);
  if (!found.note.empty()) note(options, "warning: " + found.note);
  std::vector<Diagnostic> warnings;
  HyperDriveFile file =
      read_hyperdrive_file(read_config_text(found.path),
                           found.path.lexically_proximate(std::filesystem::current_path()).string(),
                           {.for_loop = true},
                           warnings);
  for (const Diagnostic& warning : warnings) note(options, to_string(warning));
  if (request.seed) {
    std::visit(
        [&](auto& algorithm) {
          if constexpr (requires { algorithm.seed; }) algorithm.seed = request.seed;
        },
        file.config.sampling);
  }
  return std::move(file.config);
}

/// Takes the loop up from the file when it holds one, and lets the file follow it from then on.
void keep(TuningLoop& loop, LoopJournal& journal) {
  const std::string text = journal.read();
  try {
    if (!text.empty()) loop.load(text);
  } catch (const StoreError& error) {
    throw StoreError(journal.path() + ": " + error.what());
  } catch (const UsageError& error) {
    throw UsageError(journal.path() + ": " + error.what(), error.hint());
  }
  journal.cut(text.size());
  if (text.empty()) {
    journal.append(loop.save(), true);
    journal.flush();
    const std::filesystem::path folder = std::filesystem::path(journal.path()).parent_path();
    sync_directory(folder.empty() ? "." : folder.string());
  }
  loop.set_journal([&journal](std::string_view record, bool repeatable) {
    journal.append(record, !repeatable);
  });
}

/// Answers requests from standard input until it ends.
class AskTellServer {
 public:
  AskTellServer(const CommonOptions& options, TuningLoop& loop, LoopJournal* journal)
      : options_(options), loop_(loop), session_(loop), journal_(journal) {}

  void serve() {
    LineReader lines(AskTellSession::kLongestRequest);
    const auto take = [this](std::string_view line, bool is_too_long) {
      answer(line, is_too_long);
    };
    std::string chunk(std::size_t{1} << 16U, '\0');
    while (true) {
      const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        throw std::system_error(errno, std::generic_category(), "reading standard input");
      }
      if (count == 0) break;
      last_flush_ = Clock::now();
      lines.feed({chunk.data(), static_cast<std::size_t>(count)}, take);
      flush();
    }
    lines.end(take);
    flush();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void answer(std::string_view line, bool is_too_long) {
    answers_ += is_too_long ? AskTellSession::answer_to_long_line() : session_.answer(line);
    answers_ += '\n';
    if (!loop_.warning().empty() && loop_.warning() != told_) {
      told_ = loop_.warning();
      note(options_, "warning: " + told_);
    }
    // Waiting for the disk is shared by requests that arrived together, for a moment only.
    constexpr auto kLongestDelay = std::chrono::milliseconds(5);
    const bool awaits_disk = journal_ != nullptr && journal_->awaits_disk();
    if (!awaits_disk || Clock::now() - last_flush_ >= kLongestDelay) flush();
  }

  /// No answer leaves before the file has what it says.
  void flush() {
    if (journal_ != nullptr) journal_->flush();
    write_stdout(answers_);
    answers_.clear();
    last_flush_ = Clock::now();
  }

  const CommonOptions& options_;
  TuningLoop& loop_;
  AskTellSession session_;
  LoopJournal* journal_;
  std::string answers_;
  std::string told_;
  Clock::time_point last_flush_;
};

int ask_tell(const CommonOptions& options, const AskTellRequest& request) {
  const HyperDriveConfig config = read_config(options, request);
  TuningLoopOptions loop_options{.goal = config.primary_metric_goal};
  if (!config.primary_metric_name.empty()) loop_options.metric = config.primary_metric_name;
  TuningLoop loop(config.parameter_space, config.sampling, loop_options);
  std::optional<LoopJournal> journal;
  if (!request.state.empty()) {
    journal.emplace(request.state);
    keep(loop, *journal);
  }
  if (!std::holds_alternative<GridSampling>(config.sampling)) {
    note(options, "seed " + std::to_string(loop.seed()));
  }
  AskTellServer(options, loop, journal ? &*journal : nullptr).serve();
  return kExitDone;
}

}  // namespace

void add_ask_tell_command(Program& program) {
  auto request = std::make_shared<AskTellRequest>();
  CLI::App* command = add_command(
      program,
      program.app,
      "ask-tell",
      "Answer requests for configurations on standard input, as JSON lines",
      "echo '{\"op\":\"ask\",\"n\":2}' | hdrive ask-tell --hyperdrive-configuration-name "
      "hdconfig.yml\n"
      "hdrive ask-tell --hyperdrive-configuration-name hdconfig.yml --state loop.state",
      [request](const CommonOptions& options) { return ask_tell(options, *request); });
  command
      ->add_option("--hyperdrive-configuration-name",
                   request->hdconfig,
                   "hdconfig: a path, or the end of the name of a file in the project; needs only "
                   "sampling and primary_metric_goal")
      ->required();
  command->add_option_function<std::uint64_t>(
      "--seed",
      [request](const std::uint64_t& seed) { request->seed = seed; },
      "Seed of the sampler; wins over the file's");
  command->add_option("--state",
                      request->state,
                      "Keep the loop in this file, and take it up again when the file exists");
}

}  // namespace hd
