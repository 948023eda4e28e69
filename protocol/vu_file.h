// The .vu text format: messages as lines, for the corpus, for transcripts and
// for `vuspec replay`. One line is one write to a socket.
//
//   @context reply_ack log_shmfd        # what was negotiated before line one
//   > main SET_VRING_NUM flags=0x9 u32:0 u32:256   # comment
//   < main SET_VRING_NUM flags=0x5 payload=0000000000000000
//   > main SET_VRING_KICK fds=eventfd u64:0
//   > main id=200 size=4 u32:7          # an id that no row has
//   > main raw u32:1 u32:1 u16:0        # no whole message: bytes as they are
//
// `>` goes to the back-end, `<` to the front-end; the channel is main or
// backend. corpus/README.md has the whole grammar.
//
// Contract: text in, data out; no I/O. Numbers are in host byte order.
// Invariant: ParseVu(WriteVu(file)) == file, comments and line numbers aside.
#ifndef VUSPEC_PROTOCOL_VU_FILE_H_
#define VUSPEC_PROTOCOL_VU_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/header.h"
#include "protocol/message_spec.h"

namespace vuspec::protocol {

enum class VuDirection : std::uint8_t { kToBackend, kToFrontend };

// What a descriptor is, as far as a replay has to make one like it.
struct VuFd {
  enum class Kind : std::uint8_t { kMemfd, kEventfd, kPipe, kSocket, kNull };
  Kind kind = Kind::kEventfd;
  std::uint64_t size = 0;  // bytes; memfd only
  bool operator==(const VuFd&) const = default;
};

struct VuRecord {
  VuDirection direction = VuDirection::kToBackend;
  Channel channel = Channel::kMain;
  // Raw: `payload` holds all bytes, `header` nothing.
  bool raw = false;
  Header header = {};
  std::vector<std::byte> payload = {};
  std::vector<VuFd> fds = {};
  std::string comment = {};
  std::size_t line = 0;  // 1 for the first; 0 for a record not read from text

  // What travels: header and payload, or the raw bytes.
  std::vector<std::byte> Bytes() const;
  // Whether the side that asks on this channel sends it.
  bool FromAsker() const {
    return (channel == Channel::kMain) ==
           (direction == VuDirection::kToBackend);
  }
};

struct VuFile {
  WireContext context = {};
  std::vector<VuRecord> records = {};
};

// The first thing that is no .vu: where, what stood there, what should have.
struct VuError {
  std::size_t line = 0;
  std::string token = {};
  std::string expected = {};
};

// "line 3: \"fds=foo\": expected memfd:BYTES, eventfd, pipe, socket or null"
std::string ToString(const VuError& error);

struct VuParsed {
  VuFile file = {};
  std::optional<VuError> error = {};
};

VuParsed ParseVu(std::string_view text);

// One line with its end; messages by name where the table has one.
std::string WriteVu(const VuRecord& record);
std::string WriteVu(const VuFile& file);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_VU_FILE_H_
