#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hd {

/// A request as a service sees it.
struct HttpRequest {
  std::string method;
  std::string path;                                        ///< percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  std::string authorization;                               ///< the header, empty when absent
  std::string body;  ///< empty while only the head is known, and for uploads
};

/// What a request is answered with.
struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  /// Not -1: an open file that is sent in place of `body`; whoever sends it closes it.
  int file = -1;
};

/// Where the body of an upload goes while it arrives. Destroyed unfinished, it leaves nothing.
class HttpUpload {
 public:
  virtual ~HttpUpload() = default;
  /// Takes the next bytes. What cannot be kept is told by `finish`.
  virtual void write(std::string_view bytes) = 0;
  /// The body is complete: its answer.
  virtual HttpAnswer finish() = 0;
};

/// What is to happen with a request whose head is known.
struct HttpAdmission {
  std::optional<HttpAnswer> refusal;   ///< the body is thrown away, and this is the answer
  std::unique_ptr<HttpUpload> upload;  ///< the body goes there; without, it is read into memory
};

/// Answers requests. Called on one thread.
class HttpService {
 public:
  using Reply = std::function<void(HttpAnswer)>;
  virtual ~HttpService() = default;
  /// Judges a request by its head, before any of its body is read.
  virtual HttpAdmission admit(const HttpRequest& head) = 0;
  /// Answers an admitted request by calling `reply` once, now or later.
  virtual void answer(const HttpRequest& request, Reply reply) = 0;
};

/// `text` with %XX replaced by the bytes; a percent sign that begins no such triple stays.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_blank);

/// Splits a request target into decoded path and query.
void read_target(std::string_view target, HttpRequest& request);

/// The value of a query parameter, empty when absent.
[[nodiscard]] std::string query_value(const HttpRequest& request, std::string_view name);

}  // namespace hd
