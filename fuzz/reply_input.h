// What an input of reply_fuzzer says, read and written.
//
//   mode      u8   which parser (Mode); from kWithText on: also make the
//                  texts, which costs more than all else
//   context   u8   WireContext, a bit per member; bit 7: need_reply
//   row       u8   of the channel's table, modulo its length
//   fd_count  u8
//   asked     u8 size, then the payload of the request that is answered
//   frame          12 bytes of header, the rest is payload
//
// Contract: borrows the bytes. Every input is a case.
#ifndef VUSPEC_FUZZ_REPLY_INPUT_H_
#define VUSPEC_FUZZ_REPLY_INPUT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "fuzz/input.h"
#include "protocol/message.h"

namespace vuspec::fuzz {

struct ReplyInput {
  enum class Mode : std::uint8_t {
    kMainReply,       // what a front-end reads on the main socket
    kBackendRequest,  // what a front-end reads on the back-end channel
    kBackendReply,    // what a back-end reads there
    kMainRequest,     // what a back-end reads on the main socket
  };
  static constexpr std::uint8_t kWithText = 0xfc;
  static constexpr std::uint8_t kNeedReplyBit = 0x80;

  Mode mode = Mode::kMainReply;
  bool with_text = false;
  protocol::WireContext context = {};
  bool need_reply = false;
  std::uint8_t row = 0;
  std::uint8_t fd_count = 0;
  Bytes asked = {};
  Bytes frame = {};

  protocol::Channel channel() const {
    return mode == Mode::kMainReply || mode == Mode::kMainRequest
               ? protocol::Channel::kMain
               : protocol::Channel::kBackend;
  }
  bool is_reply() const {
    return mode == Mode::kMainReply || mode == Mode::kBackendReply;
  }
};

inline constexpr std::array kContextMembers = {
    &protocol::WireContext::xen_mmap, &protocol::WireContext::log_shmfd,
    &protocol::WireContext::reply_ack,
    &protocol::WireContext::postcopy_listening,
    &protocol::WireContext::postcopy_ack_due};

inline ReplyInput ReadReplyInput(Bytes bytes) {
  Input input(bytes);
  ReplyInput read;
  const auto mode = input.Take<std::uint8_t>();
  read.mode = static_cast<ReplyInput::Mode>(mode & 3);
  read.with_text = mode >= ReplyInput::kWithText;
  const auto context = input.Take<std::uint8_t>();
  for (std::size_t i = 0; i < kContextMembers.size(); ++i) {
    read.context.*(kContextMembers[i]) = ((context >> i) & 1) != 0;
  }
  read.need_reply = (context & ReplyInput::kNeedReplyBit) != 0;
  read.row = input.Take<std::uint8_t>();
  read.fd_count = input.Take<std::uint8_t>();
  read.asked = input.TakeBytes(input.Take<std::uint8_t>());
  read.frame = input.TakeRest();
  return read;
}

// REQUIRES: input.asked is at most 255 bytes.
inline std::vector<std::uint8_t> WriteReplyInput(const ReplyInput& input) {
  std::uint8_t context = input.need_reply ? ReplyInput::kNeedReplyBit : 0;
  for (std::size_t i = 0; i < kContextMembers.size(); ++i) {
    const unsigned bit = input.context.*(kContextMembers[i]) ? 1U << i : 0U;
    context = static_cast<std::uint8_t>(context | bit);
  }
  const auto mode =
      static_cast<std::uint8_t>(static_cast<unsigned>(input.mode) |
                                (input.with_text ? ReplyInput::kWithText : 0U));
  std::vector<std::uint8_t> bytes = {
      mode, context, input.row, input.fd_count,
      static_cast<std::uint8_t>(input.asked.size())};
  bytes.insert(bytes.end(), input.asked.begin(), input.asked.end());
  bytes.insert(bytes.end(), input.frame.begin(), input.frame.end());
  return bytes;
}

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_REPLY_INPUT_H_
