#include "executors/tracking/http_session.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "executors/tracking/http_listener.h"
#include "executors/tracking/tracking_error.h"

namespace hd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPiece = std::size_t{32} << 10;
constexpr auto kPatience = seconds(HttpListener::kPatienceSeconds);
/// A whole file may be gigabytes; who takes none of it for so long is gone.
constexpr auto kFilePatience = seconds(600);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view text_of(beast::string_view text) { return {text.data(), text.size()}; }

class Session : public HttpSession, public std::enable_shared_from_this<Session> {
 public:
  Session(asio::ip::tcp::socket socket, HttpService& service, HttpSessions& sessions)
      : stream_(std::move(socket)), service_(service), sessions_(sessions) {}

  void start() override {
    error_code ignored;
    // A small answer must not wait until the client has acknowledged the one before.
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    wait();
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    upload_.reset();
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.close();
    sessions_.remove(*this);
  }

  [[nodiscard]] bool is_expendable() const override { return expendable_; }
  [[nodiscard]] Clock::time_point since() const override { return since_; }

 private:
  void wait() {
    expendable_ = true;
    since_ = Clock::now();
    if (buffer_.size() > 0) return read_head();
    stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                                [self = shared_from_this()](const error_code& error) {
                                  if (self->closed_) return;
                                  if (error) return self->close();
                                  self->read_head();
                                });
  }

  void read_head() {
    head_.emplace();
    head_->header_limit(static_cast<std::uint32_t>(HttpListener::kMostHead));
    // Counted by us: what is too large is thrown away and answered.
    head_->body_limit(std::numeric_limits<std::uint64_t>::max());
    stream_.expires_after(kPatience);
    http::async_read_header(stream_,
                            buffer_,
                            *head_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (!self->closed_) self->on_head(error);
                            });
  }

  void on_head(const error_code& error) {
    if (error && error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      keep_alive_ = false;
      return send(answer_of(TrackingError(TrackingError::Code::kInvalidParameter,
                                          "this is no HTTP request: " + error.message())));
    }
    if (error) return close();
    const auto& head = head_->get();
    keep_alive_ = head.keep_alive();
    request_ = {};
    request_.method = text_of(head.method_string());
    request_.authorization = text_of(head[http::field::authorization]);
    request_.host = text_of(head[http::field::host]);
    read_target(text_of(head.target()), request_);
    HttpAdmission admission = service_.admit(request_);
    refusal_ = std::move(admission.refusal);
    upload_ = std::move(admission.upload);
    thrown_away_ = 0;
    expendable_ = refusal_.has_value();
    const auto length = head_->content_length();
    if (!refusal_ && !upload_ && length && *length > HttpListener::kMostBody) refuse_size();
    if (refusal_ && length && *length > HttpListener::kMostThrownAway) {
      keep_alive_ = false;
      return send(std::move(*refusal_));
    }
    const bool asks = text_of(head[http::field::expect]) == "100-continue";
    body_.emplace(std::move(*head_));
    if (body_->is_done()) return finish_request();
    if (!asks) return read_body();
    asio::async_write(stream_,
                      asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](const error_code& failed, std::size_t) {
                        if (self->closed_) return;
                        if (failed) return self->close();
                        self->read_body();
                      });
  }

  void refuse_size() {
    refusal_ = answer_of(TrackingError(
        TrackingError::Code::kTooLarge,
        "a request has at most " + std::to_string(HttpListener::kMostBody) + " bytes"));
    request_.body = {};
  }

  void read_body() {
    piece_.resize(kPiece);
    body_->get().body().data = piece_.data();
    body_->get().body().size = piece_.size();
    stream_.expires_after(kPatience);
    http::async_read(stream_,
                     buffer_,
                     *body_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                       if (!self->closed_) self->on_body(error);
                     });
  }

  void on_body(const error_code& error) {
    if (error && error != http::error::need_buffer) return close();
    take({piece_.data(), piece_.size() - body_->get().body().size});
    if (body_->is_done()) return finish_request();
    if (thrown_away_ > HttpListener::kMostThrownAway) return close();
    read_body();
  }

  void take(std::string_view bytes) {
    if (refusal_) {
      thrown_away_ += bytes.size();
    } else if (upload_) {
      upload_->write(bytes);
    } else if (request_.body.size() + bytes.size() > HttpListener::kMostBody) {
      refuse_size();
    } else {
      request_.body += bytes;
    }
  }

  void finish_request() {
    stream_.expires_never();
    if (refusal_) return send(std::move(*refusal_));
    if (upload_) {
      HttpAnswer answer = upload_->finish();
      upload_.reset();
      return send(std::move(answer));
    }
    service_.answer(request_, [self = shared_from_this()](HttpAnswer answer) {
      self->send(std::move(answer));
    });
  }

  template <typename Body>
  http::response<Body>& begin_response(const HttpAnswer& answer) {
    auto& response = response_.emplace<http::response<Body>>();
    response.version(11);
    response.result(static_cast<unsigned>(answer.status));
    response.set(http::field::content_type, answer.content_type);
    response.keep_alive(keep_alive_);
    return response;
  }

  void send(HttpAnswer answer) {
    if (answer.file >= 0) return send_file(answer);
    if (closed_) return;
    auto& response = begin_response<http::string_body>(answer);
    response.body() = std::move(answer.body);
    response.prepare_payload();
    stream_.expires_after(kPatience);
    write(response);
  }

  void send_file(const HttpAnswer& answer) {
    beast::file_posix file;
    file.native_handle(answer.file);
    if (closed_) return;
    auto& response = begin_response<http::file_body>(answer);
    error_code error;
    response.body().reset(std::move(file), error);
    if (error) return close();
    response.prepare_payload();
    stream_.expires_after(kFilePatience);
    write(response);
  }

  // Head and body leave in one piece: in two, the second would wait for an acknowledgement.
  template <typename Response>
  void write(Response& response) {
    http::async_write(
        stream_, response, [self = shared_from_this()](const error_code& error, std::size_t) {
          if (self->closed_) return;
          self->response_.emplace<std::monostate>();
          if (error || !self->keep_alive_) return self->close();
          self->request_ = {};
          self->stream_.expires_never();
          self->wait();
        });
  }

  beast::tcp_stream stream_;
  HttpService& service_;
  HttpSessions& sessions_;
  beast::flat_buffer buffer_{HttpListener::kMostHead + kPiece};
  std::optional<http::request_parser<http::empty_body>> head_;
  std::optional<http::request_parser<http::buffer_body>> body_;
  std::vector<char> piece_;
  HttpRequest request_;
  std::optional<HttpAnswer> refusal_;
  std::unique_ptr<HttpUpload> upload_;
  std::variant<std::monostate, http::response<http::string_body>, http::response<http::file_body>>
      response_;
  std::size_t thrown_away_ = 0;
  Clock::time_point since_ = Clock::now();
  bool keep_alive_ = true;
  bool expendable_ = true;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<HttpSession> make_http_session(asio::ip::tcp::socket socket,
                                               HttpService& service,
                                               HttpSessions& sessions) {
  return std::make_shared<Session>(std::move(socket), service, sessions);
}

}  // namespace hd
