#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/cli/commands.h"
#include "harness/cli/target.h"
#include "harness/report/terminal.h"
#include "harness/suite/context.h"
#include "harness/suite/health_verdict.h"
#include "harness/transport/connection.h"
#include "harness/transport/unix_channel.h"
#include "protocol/dump.h"
#include "protocol/vu_file.h"

namespace vuspec {
namespace {

using protocol::VuDirection;
using protocol::VuFd;
using protocol::VuRecord;

// A fresh descriptor of that kind, and whatever keeps it alive.
std::pair<UniqueFd, UniqueFd> MakeFd(const VuFd& fd) {
  std::array<int, 2> ends = {-1, -1};
  switch (fd.kind) {
    case VuFd::Kind::kMemfd: {
      UniqueFd file(::memfd_create("vuspec-replay", MFD_CLOEXEC));
      if (file.valid() &&
          ::ftruncate(file.get(), static_cast<off_t>(fd.size)) != 0) {
        file.reset();
      }
      return {std::move(file), UniqueFd()};
    }
    case VuFd::Kind::kEventfd:
      return {UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), UniqueFd()};
    case VuFd::Kind::kPipe:
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
      return {UniqueFd(ends[1]), UniqueFd(ends[0])};
    case VuFd::Kind::kSocket:
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) !=
          0) {
        return {};
      }
      return {UniqueFd(ends[1]), UniqueFd(ends[0])};
    case VuFd::Kind::kNull:
      return {UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC)), UniqueFd()};
  }
  return {};
}

class Replay {
 public:
  Replay(const protocol::VuFile& file, UniqueFd socket,
         const RunContext& context)
      : file_(file),
        connection_(std::make_unique<UnixChannel>(std::move(socket))),
        context_(context) {}

  // Appends to report(); the number of answers that differ.
  int Run() {
    for (const VuRecord& record : file_.records) {
      if (record.channel != protocol::Channel::kMain) {
        Line(record.line, "not replayed: the back-end channel");
      } else if (record.direction == VuDirection::kToBackend) {
        if (!Send(record)) break;
      } else {
        Compare(record);
      }
    }
    ReportSurplus();
    return difference_count_;
  }

  const std::string& report() const { return report_; }

 private:
  void Line(std::size_t line, const std::string& text) {
    absl::StrAppend(&report_, line == 0 ? "" : absl::StrCat(line, ": "),
                    Printable(text), "\n");
  }

  void Differ(std::size_t line, const std::string& text) {
    ++difference_count_;
    Line(line, "DIFFERS  " + text);
  }

  std::string Dump(const protocol::Header& header,
                   std::span<const std::byte> payload, std::size_t fds) {
    return protocol::DumpFrame(protocol::Channel::kMain, header, payload, fds,
                               file_.context);
  }

  bool Send(const VuRecord& record) {
    std::vector<int> fds;
    for (const VuFd& wanted : record.fds) {
      auto [fd, other] = MakeFd(wanted);
      fds.push_back(fd.get());
      kept_.push_back(std::move(fd));
      kept_.push_back(std::move(other));
    }
    const absl::Status status =
        record.raw ? connection_.channel().Send(record.payload, fds,
                                                context_.ForAnswer())
                   : connection_.SendMessage(record.header, record.payload, fds,
                                             context_.ForAnswer());
    Line(record.line,
         "> " + (record.raw
                     ? absl::StrCat(record.payload.size(), " raw bytes")
                     : Dump(record.header, record.payload, record.fds.size())));
    if (!status.ok()) {
      Differ(record.line, "not sent: " + std::string(status.message()));
    }
    return status.ok();
  }

  void Compare(const VuRecord& record) {
    const Received answer = connection_.Receive(context_.ForAnswer());
    if (!answer.ok()) {
      const std::string why = answer.violation() != nullptr
                                  ? protocol::ToString(*answer.violation())
                                  : std::string(answer.status().message());
      return Differ(record.line,
                    "no such answer: " + why + "; the transcript has " +
                        Dump(record.header, record.payload, record.fds.size()));
    }
    const ReceivedMessage& message = answer.message();
    const std::string seen =
        Dump(message.header, message.payload, message.fds.size());
    if (message.header == record.header && message.payload == record.payload &&
        message.fds.size() == record.fds.size()) {
      return Line(record.line, "< " + seen + "  (same)");
    }
    Differ(record.line,
           "< " + seen + "; the transcript has " +
               Dump(record.header, record.payload, record.fds.size()));
  }

  // What comes after the last line of the transcript.
  void ReportSurplus() {
    for (;;) {
      const Received answer = connection_.Receive(context_.ForQuiet());
      if (!answer.ok()) return;
      const ReceivedMessage& message = answer.message();
      Differ(0, "< " +
                    Dump(message.header, message.payload, message.fds.size()) +
                    "; the transcript has no such answer");
    }
  }

  const protocol::VuFile& file_;
  Connection connection_;
  const RunContext& context_;
  std::vector<UniqueFd> kept_;
  std::string report_;
  int difference_count_ = 0;
};

absl::StatusOr<protocol::VuFile> ReadVu(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.good() && !in.eof()) {
    return absl::NotFoundError(
        absl::StrCat("cannot read ", path,
                     ": give a .vu file, such as "
                     "transcripts/<case>.vu of `vuspec run --out DIR`"));
  }
  protocol::VuParsed parsed = protocol::ParseVu(text.str());
  if (parsed.error.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", protocol::ToString(*parsed.error)));
  }
  return std::move(parsed.file);
}

ExitCode ReplayTo(Peer& peer, const protocol::VuFile& file,
                  const RunSettings& settings) {
  const RunContext context(peer, settings);
  absl::StatusOr<UniqueFd> socket = peer.Connect(context.ForAnswer());
  if (!socket.ok()) return Complain(socket.status(), ExitCode::kNotTrusted);
  std::string report;
  int difference_count = 0;
  {
    Replay replay(file, *std::move(socket), context);
    difference_count = replay.Run();
    report = replay.report();
  }
  ExitCode code =
      difference_count > 0 ? ExitCode::kNonconforming : ExitCode::kAsExpected;
  absl::StrAppend(&report, difference_count, " answers differ\n");
  const PeerHealth health = peer.Settle();
  if (!health.ok()) {
    absl::StrAppend(&report, "the peer: ", Printable(ReasonOf(health)), "\n");
    code = Graver(code, ExitCode::kPeerDown);
  }
  return Print(report, code);
}

}  // namespace

ExitCode ReplayCommand(const ReplayOptions& options) {
  absl::StatusOr<Target> target = ResolveTarget(options.target);
  if (!target.ok()) return Complain(target.status(), ExitCode::kUsage);
  const absl::StatusOr<protocol::VuFile> file = ReadVu(options.file);
  if (!file.ok()) return Complain(file.status(), ExitCode::kUsage);
  absl::StatusOr<std::unique_ptr<Peer>> peer = target->make_peer(0);
  if (!peer.ok()) return Complain(peer.status(), ExitCode::kNotTrusted);
  return ReplayTo(**peer, *file, target->settings);
}

}  // namespace vuspec
