#include "harness/suite/worker_link.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "harness/transport/check.h"

namespace vuspec {
namespace {

constexpr std::size_t kPrefix = sizeof(std::uint32_t) + 1;

bool SendAll(int socket, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Appends up to one block; false at the end of the stream or on an error.
bool ReceiveSome(int socket, int flags, std::size_t most, std::string& out) {
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t got =
        ::recv(socket, block.data(), std::min(most, block.size()), flags);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got <= 0) return false;
    out.append(block.data(), static_cast<std::size_t>(got));
    return true;
  }
}

// The size of the whole record at the start of `buffer`, once it is known.
std::optional<std::size_t> RecordSize(const std::string& buffer) {
  if (buffer.size() < kPrefix) return std::nullopt;
  std::uint32_t text_size = 0;
  std::memcpy(&text_size, buffer.data(), sizeof(text_size));
  return kPrefix + text_size;
}

}  // namespace

std::pair<UniqueFd, UniqueFd> MakeWorkerLink() {
  std::array<int, 2> ends = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return {};
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool SendRecord(int socket, const Record& record) {
  VU_CHECK(record.text.size() < UINT32_MAX, "a record without bounds");
  const auto text_size = static_cast<std::uint32_t>(record.text.size());
  std::string bytes(sizeof(text_size), '\0');
  std::memcpy(bytes.data(), &text_size, sizeof(text_size));
  bytes += static_cast<char>(record.kind);
  bytes += record.text;
  return SendAll(socket, bytes.data(), bytes.size());
}

std::optional<Record> AwaitRecord(int socket) {
  std::string bytes;
  std::size_t wanted = kPrefix;
  while (bytes.size() < wanted) {
    const std::size_t before = bytes.size();
    if (!ReceiveSome(socket, 0, wanted - before, bytes)) return std::nullopt;
    wanted = RecordSize(bytes).value_or(kPrefix);
  }
  return Record{static_cast<RecordKind>(bytes[kPrefix - 1]),
                bytes.substr(kPrefix)};
}

bool RecordReader::Pull(int socket) {
  for (;;) {
    const std::size_t before = buffer_.size();
    if (!ReceiveSome(socket, MSG_DONTWAIT, SIZE_MAX, buffer_)) return false;
    if (buffer_.size() == before) return true;
  }
}

std::optional<Record> RecordReader::Next() {
  const std::optional<std::size_t> size = RecordSize(buffer_);
  if (!size.has_value() || buffer_.size() < *size) return std::nullopt;
  Record record{static_cast<RecordKind>(buffer_[kPrefix - 1]),
                buffer_.substr(kPrefix, *size - kPrefix)};
  buffer_.erase(0, *size);
  return record;
}

}  // namespace vuspec
