#include "engine/core/event.h"

#include "engine/core/parent_run_spec.h"

namespace hd {

namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

template <typename Body>
concept AboutChild = requires(const Body& body) {
  body.child;
};

}  // namespace

std::string_view event_name(const EventBody& body) {
  return std::visit(Overloaded{
                        [](const EngineStarted&) { return "engine_started"; },
                        [](const AskIssued&) { return "ask_issued"; },
                        [](const AskAnswered&) { return "ask_answered"; },
                        [](const ChildStarting&) { return "child_starting"; },
                        [](const ChildStarted&) { return "child_started"; },
                        [](const MetricReported&) { return "metric_reported"; },
                        [](const PolicyJudged&) { return "policy_judged"; },
                        [](const CancelRequested&) { return "cancel_requested"; },
                        [](const ChildEnded&) { return "child_ended"; },
                        [](const ParentCancelRequested&) { return "parent_cancel_requested"; },
                        [](const ChildCancelRequested&) { return "child_cancel_requested"; },
                        [](const PauseRequested&) { return "pause_requested"; },
                        [](const UnpauseRequested&) { return "unpause_requested"; },
                        [](const ParentEnded&) { return "parent_ended"; },
                        [](const Noted&) { return "noted"; },
                        [](const TagSet&) { return "tag_set"; },
                        [](const ScriptSaid&) { return "script_said"; },
                        [](const RetryDue&) { return "retry_due"; },
                    },
                    body);
}

int event_child(const EventBody& body) {
  return std::visit(
      []<typename Body>(const Body& one) {
        if constexpr (AboutChild<Body>) {
          return one.child;
        } else {
          return -1;
        }
      },
      body);
}

std::string child_run_id(const ParentRunSpec& parent, int child) {
  if (parent.kind == RunKind::kScript) return parent.run_id;
  return parent.run_id + '_' + std::to_string(child);
}

}  // namespace hd
