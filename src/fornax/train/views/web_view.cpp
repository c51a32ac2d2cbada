#include <array>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include <httplib.h>

#include <fornax/array/error.hpp>
#include <fornax/train/views/page.hpp>
#include <fornax/train/views/run_json.hpp>
#include <fornax/train/views/run_log.hpp>
#include <fornax/train/views/views.hpp>

namespace fornax::train {

namespace {

// 128 bits that no other page can guess.
std::string random_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) {
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08x", device());
    token += text.data();
  }
  return token;
}

// Takes as long whatever the texts are.
bool same(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

class HttpView final : public WebView {
 public:
  explicit HttpView(const WebOptions& options) : token_(random_token()), chart_js_(chart_js()) {
    if (options.port < 0 || options.port > 65535)
      throw ValueError("web_view",
                       "port " + std::to_string(options.port) + " is none; there are 1 to 65535, and 0 for any");
    routes();
    port_ = options.port == 0                           ? server_.bind_to_any_port(kHost)
            : server_.bind_to_port(kHost, options.port) ? options.port
                                                        : -1;
    if (port_ <= 0)
      throw IoError("web_view",
                    options.port == 0 ? "no port is free" : "port " + std::to_string(options.port) + " is taken");
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    if (options.announce) std::fprintf(stderr, "the run can be watched at %s\n", url().c_str());
  }
  // The server can only be stopped once it runs.
  ~HttpView() override {
    while (!server_.is_running() && !ended_) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }
  HttpView(const HttpView&) = delete;
  HttpView& operator=(const HttpView&) = delete;

  std::string url() const override { return std::string("http://") + kHost + ":" + std::to_string(port_) + "/"; }

  void on_start(const RunStart& start) override {
    add([&] {
      history_ = earlier_part(start);
      history_.on_start(start);
    });
  }
  void on_step(const StepEnd& step) override {
    add([&] { history_.on_step(step); });
  }
  void on_epoch(const EpochEnd& end) override {
    add([&] { history_.on_epoch(end); });
  }
  void on_saved(const CheckpointSaved& checkpoint) override {
    add([&] { history_.on_saved(checkpoint); });
  }
  void on_message(const std::string& text) override {
    add([&] { history_.on_message(text); });
  }
  void on_end(const RunEnd& end) override {
    add([&] { history_.on_end(end); });
  }
  Request poll() override {
    return {.stop = stop_.exchange(false, std::memory_order_relaxed),
            .save = save_.exchange(false, std::memory_order_relaxed)};
  }

 private:
  static constexpr const char* kHost = "127.0.0.1";

  template <class F> void add(const F& f) {
    const std::lock_guard lock(mutex_);
    f();
  }

  History history() {
    const std::lock_guard lock(mutex_);
    return history_;
  }

  // A page of another site can make the browser send requests here, also under a name of its own that leads to this machine
  // (DNS rebinding): the Host header then has that name, and Origin that of the other site.
  bool is_ours(const httplib::Request& request) const {
    const std::string port = ":" + std::to_string(port_);
    const std::string host = request.get_header_value("Host");
    if (host != kHost + port && host != "localhost" + port) return false;
    return !request.has_header("Origin") || request.get_header_value("Origin") == "http://" + host;
  }

  void ask(const httplib::Request& request, httplib::Response& response, std::atomic<bool>& flag, const char* answer) {
    if (!same(request.get_header_value("X-Fornax-Token"), token_)) {
      response.status = 403;
      response.set_content("refused: the token of the page is missing\n", "text/plain");
      return;
    }
    flag = true;
    response.set_content(answer, "text/plain");
  }

  void routes() {
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      response.set_header("Cache-Control", "no-store");
      response.set_header("X-Content-Type-Options", "nosniff");
      response.set_header("X-Frame-Options", "DENY");
      response.set_header("Cross-Origin-Resource-Policy", "same-origin");
      if (is_ours(request)) return httplib::Server::HandlerResponse::Unhandled;
      response.status = 403;
      response.set_content("refused: this page is for browsers on this machine\n", "text/plain");
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Get("/", [this](const httplib::Request&, httplib::Response& response) {
      const History now = history();
      response.set_content(fill_page({.title = now.run.name.empty() ? "run" : now.run.name,
                                      .data = page_data(now),
                                      .chart_js = {},
                                      .token = token_}),
                           "text/html; charset=utf-8");
    });
    server_.Get("/data.json", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(page_data(history()), "application/json");
    });
    server_.Get("/chart.js", [this](const httplib::Request&, httplib::Response& response) {
      if (chart_js_.empty()) response.status = 404;
      response.set_content(chart_js_, "text/javascript; charset=utf-8");
    });
    server_.Post("/stop", [this](const httplib::Request& request, httplib::Response& response) {
      ask(request, response, stop_, "the run ends after this step");
    });
    server_.Post("/save", [this](const httplib::Request& request, httplib::Response& response) {
      ask(request, response, save_, "saving after this step");
    });
    server_.set_payload_max_length(1024);
    // By default the port could be shared with another program (SO_REUSEPORT).
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    // Two browsers at most are expected; by default there are as many threads as the machine has cores.
    server_.new_task_queue = [] { return new httplib::ThreadPool(2); };
  }

  std::string token_, chart_js_;
  std::mutex mutex_;  // guards the history
  History history_;
  std::atomic<bool> stop_{false}, save_{false}, ended_{false};
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<WebView> web_view(const WebOptions& options) { return std::make_unique<HttpView>(options); }

}  // namespace fornax::train
