// The served page, asked for as a browser would; and as pages of other sites would make it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fornax/array/error.hpp>
#include <fornax/train/views/views.hpp>
#include <support/errors.hpp>
#include <train/events.hpp>

namespace fornax::test {
namespace {

using namespace fornax::train;

class WebViewTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!FORNAX_TEST_HTTPLIB) GTEST_SKIP() << "built without cpp-httplib";
    view = web_view({.port = 0, .announce = false});
    port = std::stoi(view->url().substr(view->url().rfind(':') + 1));
    host = "127.0.0.1:" + std::to_string(port);
    view->on_start(small_run());
    tell_epochs(*view, 0, 1);
  }

  // The whole answer to a request.
  std::string ask(const std::string& request, const std::string& headers) const {
    const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string text = request + " HTTP/1.1\r\n" + headers + "Content-Length: 0\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(::send(connection, text.data(), text.size(), 0), std::ssize(text));
    std::string answer;
    char buffer[4096];
    for (ssize_t n; (n = ::recv(connection, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(n));
    ::close(connection);
    return answer;
  }
  int status(const std::string& request, const std::string& headers) const {
    return std::stoi(ask(request, headers).substr(9, 3));
  }
  std::string from_page() const { return "Host: " + host + "\r\nOrigin: http://" + host + "\r\n"; }
  std::string token() const {
    const std::string page = ask("GET /", from_page()), mark = "const token = \"";
    const std::size_t at = page.find(mark) + mark.size();
    return page.substr(at, page.find('"', at) - at);
  }

  std::unique_ptr<WebView> view;
  int port = 0;
  std::string host;
};

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST_F(WebViewTest, ServesThePageAndItsData) {
  const std::string page = ask("GET /", from_page());
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200"));
  EXPECT_NE(page.find("<title>small run</title>"), std::string::npos);
  nlohmann::json data = nlohmann::json::parse(body_of(ask("GET /data.json", from_page())));
  EXPECT_EQ(data["metrics"][0]["steps"].size(), 4U);
  EXPECT_EQ(data["progress"]["epoch"], 0);
  EXPECT_EQ(data["end"], nullptr);
  tell_epochs(*view, 1, 2);
  view->on_end({.outcome = Outcome::Stopped, .text = "", .seconds = 1});
  data = nlohmann::json::parse(body_of(ask("GET /data.json", from_page())));
  EXPECT_EQ(data["metrics"][0]["steps"].size(), 8U);
  EXPECT_EQ(data["end"]["outcome"], "stopped");
  EXPECT_EQ(status("GET /nothing", from_page()), 404);
}

TEST_F(WebViewTest, ButtonsReachTheRun) {
  EXPECT_FALSE(view->poll().stop);
  EXPECT_EQ(status("POST /stop", from_page() + "X-Fornax-Token: " + token() + "\r\n"), 200);
  const Request first = view->poll();
  EXPECT_TRUE(first.stop);
  EXPECT_FALSE(first.save);
  EXPECT_FALSE(view->poll().stop);
  EXPECT_EQ(status("POST /save", from_page() + "X-Fornax-Token: " + token() + "\r\n"), 200);
  EXPECT_TRUE(view->poll().save);
}

TEST_F(WebViewTest, OtherSitesAreRefused) {
  const std::string with_token = "X-Fornax-Token: " + token() + "\r\n", here = "Host: " + host + "\r\n";
  const std::string port_text = std::to_string(port);
  for (const std::string& headers :
       {here + "Origin: http://evil.example\r\n", here + "Origin: null\r\n", here + "Origin: https://" + host + "\r\n",
        here + "Origin: http://127.0.0.1:1\r\n", "Host: evil.example:" + port_text + "\r\n",
        "Host: evil.example:" + port_text + "\r\nOrigin: http://evil.example:" + port_text + "\r\n",
        std::string("Host: 127.0.0.1\r\n"), std::string()}) {
    EXPECT_EQ(status("POST /stop", headers + with_token), 403) << headers;
    EXPECT_EQ(status("GET /data.json", headers), 403) << headers;
    EXPECT_EQ(status("GET /", headers), 403) << headers;
  }
  EXPECT_FALSE(view->poll().stop);
}

TEST_F(WebViewTest, WithoutTheTokenNothingIsChanged) {
  EXPECT_EQ(status("POST /stop", from_page()), 403);
  EXPECT_EQ(status("POST /stop", from_page() + "X-Fornax-Token: 0123\r\n"), 403);
  EXPECT_EQ(status("POST /save", from_page() + "X-Fornax-Token:\r\n"), 403);
  EXPECT_EQ(status("GET /stop", from_page() + "X-Fornax-Token: " + token() + "\r\n"), 404);
  const Request asked = view->poll();
  EXPECT_FALSE(asked.stop || asked.save);
  EXPECT_EQ(token().size(), 32U);
  EXPECT_NE(web_view({.port = 0, .announce = false})->url(), view->url());
}

TEST_F(WebViewTest, NoPageMayFrameItOrKeepACopy) {
  const std::string page = ask("GET /", from_page());
  EXPECT_NE(page.find("X-Frame-Options: DENY"), std::string::npos);
  EXPECT_NE(page.find("Cache-Control: no-store"), std::string::npos);
  EXPECT_EQ(page.find("Access-Control-Allow-Origin"), std::string::npos);
}

TEST_F(WebViewTest, ATakenPortIsAnError) {
  EXPECT_EQ(message_of<IoError>([&] { web_view({.port = port, .announce = false}); }),
            "web_view: port " + std::to_string(port) + " is taken");
  EXPECT_EQ(message_of<ValueError>([] { web_view({.port = 70000}); }),
            "web_view: port 70000 is none; there are 1 to 65535, and 0 for any");
}

}  // namespace
}  // namespace fornax::test
