// Real connections to a listener that answers with what it was asked.
#include "executors/tracking/http_listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace hd {
namespace {

class Echo : public HttpService {
 public:
  struct Kept : HttpUpload {
    explicit Kept(std::string& text) : kept(text) {}
    void write(std::string_view bytes) override { kept += bytes; }
    HttpAnswer finish() override {
      HttpAnswer answer;
      answer.body = "kept " + std::to_string(kept.size());
      return answer;
    }
    std::string& kept;
  };
  HttpAdmission admit(const HttpRequest& head) override {
    HttpAdmission admission;
    if (head.path == "/refused") {
      admission.refusal.emplace();
      admission.refusal->status = 401;
    }
    if (head.method == "PUT" && !admission.refusal)
      admission.upload = std::make_unique<Kept>(uploaded);
    return admission;
  }
  void answer(const HttpRequest& request, Reply reply) override {
    if (request.path == "/later") return later.push_back(std::move(reply));
    HttpAnswer answer;
    answer.body = request.method + ' ' + request.path + ' ' + request.body;
    reply(std::move(answer));
  }
  std::string uploaded;
  std::vector<Reply> later;
};

class HttpListenerTest : public ::testing::Test {
 protected:
  HttpListenerTest() : listener_(loop_, service_) {
    auto port = listener_.listen();
    port_ = port.value();
  }
  ~HttpListenerTest() override {
    for (const int fd : clients_) ::close(fd);
  }
  int connect() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    clients_.push_back(fd);
    return fd;
  }
  /// Sends all of it while the listener works.
  void send(int fd, std::string_view text) {
    while (!text.empty()) {
      const ssize_t done = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (done < 0 && errno != EAGAIN) return;
      if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
      turn();
    }
  }
  void turn() {
    loop_.restart();
    loop_.run_one_for(std::chrono::milliseconds(2));
    loop_.restart();
    loop_.poll();
  }
  /// What comes until it holds `end` or the connection ends.
  std::string receive(int fd, const std::string& end) {
    std::string text;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    char buffer[65536];
    while (std::chrono::steady_clock::now() < limit) {
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) return text + "<end>";
      if (!end.empty() && text.find(end) != std::string::npos) return text;
      turn();
    }
    return text + "<nothing>";
  }
  bool ends(int fd) { return receive(fd, "").ends_with("<end>"); }

  boost::asio::io_context loop_{1};
  Echo service_;
  HttpListener listener_;
  int port_ = 0;
  std::vector<int> clients_;
};

TEST_F(HttpListenerTest, AnswersRequestAfterRequestOnOneConnection) {
  const int fd = connect();
  for (int i = 0; i < 3; ++i) {
    send(fd, "POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    const std::string answer = receive(fd, "POST /a b body");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Content-Length: 14"), std::string::npos) << answer;
  }
  // Two at once, cut at an odd place.
  send(fd, "GET /1 HTTP/1.1\r\n\r\nGET /2 HT");
  send(fd, "TP/1.1\r\n\r\n");
  EXPECT_NE(receive(fd, "GET /2 ").find("GET /1 "), std::string::npos);
}

TEST_F(HttpListenerTest, StreamsUploadsOfAnySizeAndKind) {
  const int fd = connect();
  const std::string large(std::size_t{20} << 20, 'x');
  send(fd, "PUT /u HTTP/1.1\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n");
  send(fd, large);
  receive(fd, "kept " + std::to_string(large.size()));
  EXPECT_EQ(service_.uploaded, large);
  service_.uploaded.clear();
  send(fd, "PUT /u HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  receive(fd, "kept 0");
  send(fd, "PUT /u HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  receive(fd, "kept 5");
  EXPECT_EQ(service_.uploaded, "abcde");
  send(fd, "PUT /u HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  receive(fd, "100 Continue");
  send(fd, "fg");
  receive(fd, "kept 7");
}

TEST_F(HttpListenerTest, LargeBodiesAreThrownAway) {
  const int fd = connect();
  const std::string piece(std::size_t{1} << 20, 'x');
  send(fd, "POST /a HTTP/1.1\r\nContent-Length: 104857600\r\n\r\n");
  for (int i = 0; i < 100; ++i) send(fd, piece);
  EXPECT_NE(receive(fd, "INVALID_PARAMETER_VALUE").find("HTTP/1.1 413"), std::string::npos);
  send(fd, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 6; ++i) send(fd, "100000\r\n" + piece + "\r\n");
  send(fd, "0\r\n\r\n");
  EXPECT_NE(receive(fd, "INVALID_PARAMETER_VALUE").find("HTTP/1.1 413"), std::string::npos);
  send(fd, "PUT /refused HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde");
  receive(fd, "HTTP/1.1 401");
  EXPECT_EQ(service_.uploaded, "");
  send(fd, "GET /next HTTP/1.1\r\n\r\n");
  receive(fd, "GET /next");
  send(fd, "POST /a HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n");
  EXPECT_TRUE(ends(fd));
}

TEST_F(HttpListenerTest, WhatIsNoRequestIsRefused) {
  for (const std::string& text :
       {std::string("hello\r\n\r\n"),
        std::string("GET /\r\n\r\n"),
        std::string("\0\0\0\0\r\n\r\n", 8),
        "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
        std::string("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    const int fd = connect();
    send(fd, text);
    EXPECT_TRUE(ends(fd)) << text.substr(0, 40);
  }
  const int fd = connect();
  send(fd, "GET /still HTTP/1.1\r\n\r\n");
  receive(fd, "GET /still");
}

TEST_F(HttpListenerTest, IdleConnectionsMakeRoomForNewOnes) {
  std::vector<int> idle;
  for (std::size_t i = 0; i < HttpListener::kMostConnections; ++i) {
    idle.push_back(connect());
    send(idle.back(), "GET /a HTTP/1.1\r\n\r\n");
    receive(idle.back(), "GET /a");
  }
  send(idle[0], "POST /slow HTTP/1.1\r\nContent-Length: 3\r\n\r\na");
  send(idle[1], "POST /half");  // no request yet
  const int fd = connect();
  send(fd, "GET /b HTTP/1.1\r\n\r\n");
  receive(fd, "GET /b");
  EXPECT_TRUE(ends(idle[1]));
  send(idle[0], "bc");
  receive(idle[0], "POST /slow abc");
}

TEST_F(HttpListenerTest, AnAnswerMayComeLaterOrNobodyBeThereForIt) {
  const int fd = connect();
  send(fd, "GET /later HTTP/1.1\r\n\r\n");
  const int gone = connect();
  send(gone, "GET /later HTTP/1.1\r\n\r\n");
  for (int i = 0; i < 100 && service_.later.size() < 2; ++i) turn();
  ASSERT_EQ(service_.later.size(), 2U);
  ::shutdown(gone, SHUT_RDWR);
  HttpAnswer answer;
  answer.body = "at last";
  for (const auto& reply : service_.later) reply(answer);
  receive(fd, "at last");
}

TEST_F(HttpListenerTest, WhatWasSentIsAnsweredAtTheEnd) {
  const int open = connect();
  const int busy = connect();
  for (int i = 0; i < 10; ++i) turn();
  // Sent by clients that do not wait: nothing of this has been read when the end comes.
  for (int i = 0; i < 3; ++i) {
    const int fd = connect();
    const std::string text = "PUT /u HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
    ASSERT_EQ(::send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    ::shutdown(fd, SHUT_WR);
  }
  const std::string half = "PUT /u HTTP/1.1\r\nContent-Length: 9\r\n\r\n";
  ASSERT_GT(::send(busy, half.data(), half.size(), 0), 0);
  bool done = false;
  listener_.finish([&] { done = true; });
  for (int i = 0; i < 500 && !done; ++i) turn();
  EXPECT_TRUE(done);
  EXPECT_EQ(service_.uploaded, "ababab");
  EXPECT_TRUE(ends(open));
  const int refused = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(refused, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(refused);
}

}  // namespace
}  // namespace hd
