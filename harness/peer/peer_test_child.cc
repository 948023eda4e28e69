// The program that peer_test starts in the place of a back-end.
//
//   peer_test_child MODE [PATH]
//
// Modes: serve, serve-once (exits 0 after the first connection), deaf (serve,
// ignoring SIGTERM), relative (serve, bound by a relative name), bind (never
// listens), mute (makes no socket), exit (code 7 at once), dial and dial-once
// (connect to PATH), drop-dial (drops its first connection at once),
// print (environment and open descriptors), flood (writes without end).
//
// A connection carries commands of one byte; each is answered by the same
// byte, unless it ends the process. See Obey.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kChunkBytes = 16 << 20;

[[noreturn]] void Eat(int flags) {
  for (;;) {
    void* bytes = mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE,
                       flags | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
      std::fprintf(stderr, "child: Cannot allocate memory\n");
      abort();
    }
    std::memset(bytes, 1, kChunkBytes);
  }
}

[[noreturn]] void Spin() {
  volatile bool forever = true;
  while (forever) {
  }
  abort();
}

// A grandchild in the same group that outlives its parent, unless somebody
// takes care of the group. It holds the connection open.
void Breed() {
  if (fork() == 0) {
    for (;;) pause();
  }
}

[[noreturn]] void Say(const char* text, int code) {
  std::fputs(text, stderr);
  std::exit(code);
}

// Returns for the commands after which the process lives on.
void Obey(char command) {
  switch (command) {
    case 'p':  // ping
      return;
    case 'x':
      std::exit(3);
    case 'z':
      std::exit(0);
    case 'a':
      abort();
    case 's':
      raise(SIGSEGV);
      return;
    case 'c':
      Spin();
    case 'm':
      Eat(MAP_PRIVATE);
    case 'M':
      Eat(MAP_SHARED);
    case 'r':
      Say("==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n"
          "    #0 0x1 in Victim child.cc:1\n",
          1);
    case 'R':
      Say("thread 'main' panicked at src/main.rs:1:2:\nno queue\n", 101);
    case 'u':
      std::fputs("child.cc:1:2: runtime error: shift exponent 64\n", stderr);
      return;
    case 'f':
      for (int i = 0; i < 8; ++i) open("/dev/null", O_RDONLY | O_CLOEXEC);
      return;
    case 'v':
      mmap(nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      return;
    case 'b':
      Breed();
      return;
    default:
      std::exit(4);
  }
}

// Until the front-end closes the connection.
void Serve(int connection) {
  char command = 0;
  while (read(connection, &command, 1) == 1) {
    Obey(command);
    if (send(connection, &command, 1, MSG_NOSIGNAL) != 1) break;
  }
  close(connection);
}

sockaddr_un Address(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

int Bind(const std::string& path) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(path);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0) {
    std::perror("bind");
    std::exit(5);
  }
  return listener;
}

[[noreturn]] void ServeAll(const std::string& path, bool once) {
  const int listener = Bind(path);
  listen(listener, 4);
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    if (once) close(listener);
    Serve(connection);
    if (once) std::exit(0);
  }
}

[[noreturn]] void Dial(const std::string& path, bool once, bool drop) {
  for (;;) {
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = Address(path);
    if (connect(connection, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
      std::perror("connect");
      std::exit(5);
    }
    if (!drop) Serve(connection);
    if (drop) close(connection);
    drop = false;
    if (once) std::exit(0);
  }
}

void Print() {
  for (char** entry = environ; *entry != nullptr; ++entry) std::puts(*entry);
  for (int fd = 3; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) std::printf("open fd %d\n", fd);
  }
  rlimit core = {};
  getrlimit(RLIMIT_CORE, &core);
  std::printf("core limit %llu\n",
              static_cast<unsigned long long>(core.rlim_cur));
  char byte = 0;
  std::printf("leader %d\n", getpid() == getsid(0) && getpid() == getpgrp());
  std::printf("SIGPIPE ignored %d\n", signal(SIGPIPE, SIG_DFL) == SIG_IGN);
  std::fflush(stdout);
  // Ends at once on /dev/null, and never while the input is held open.
  std::printf("stdin ended %d\n", read(0, &byte, 1) == 0);
}

[[noreturn]] void Flood() {
  const std::string line(1023, 'x');
  for (;;) std::puts(line.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const std::string path = argc > 2 ? argv[2] : "";
  if (mode == "exit") Say("child: no such device\n", 7);
  if (mode == "print") {
    Print();
    return 0;
  }
  if (mode == "flood") Flood();
  if (mode == "deaf") signal(SIGTERM, SIG_IGN);
  if (mode == "serve" || mode == "deaf") ServeAll(path, false);
  if (mode == "serve-once") ServeAll(path, true);
  if (mode == "relative") {
    const std::size_t slash = path.rfind('/');
    if (chdir(path.substr(0, slash).c_str()) != 0) return 5;
    ServeAll("./" + path.substr(slash + 1), false);
  }
  if (mode == "dial") Dial(path, false, false);
  if (mode == "dial-once") Dial(path, true, false);
  if (mode == "drop-dial") Dial(path, false, true);
  if (mode == "bind") Bind(path);
  if (mode == "bind" || mode == "mute") {
    for (;;) pause();
  }
  std::fprintf(stderr, "peer_test_child: unknown mode '%s'\n", mode.c_str());
  return 2;
}
