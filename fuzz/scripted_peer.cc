#include "fuzz/scripted_peer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "fuzz/answers.h"
#include "fuzz/fd_ledger.h"
#include "fuzz/property.h"
#include "harness/transport/unique_fd.h"
#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec::fuzz {
namespace {

using protocol::Frame;
using protocol::kHeaderSize;
using protocol::Message;

constexpr std::uint8_t kFdsLateBit = 0x80;

// What was sent, which must be one whole message.
Frame FrameOf(std::span<const std::byte> bytes, std::size_t fd_count) {
  VU_PROPERTY(bytes.size() >= kHeaderSize, "a header is sent whole");
  const Frame frame = {protocol::DecodeHeader(bytes.first<kHeaderSize>()),
                       bytes.subspan(kHeaderSize), fd_count};
  VU_PROPERTY(frame.header.size == frame.payload.size(),
              "a message is sent whole");
  return frame;
}

}  // namespace

void Parcel::Load(std::span<const std::byte> bytes, std::uint8_t cut,
                  std::size_t fd_count) {
  size_ = std::min(bytes.size(), bytes_.size());
  if (size_ != 0) std::memcpy(bytes_.data(), bytes.data(), size_);
  done_ = 0;
  fds_late_ = (cut & kFdsLateBit) != 0;
  cut_ = cut & ~unsigned{kFdsLateBit};
  if (cut_ == 0) cut_ = std::numeric_limits<std::size_t>::max();
  fd_count_ = fd_count;
}

std::size_t Parcel::Read(std::span<std::byte> buffer,
                         std::vector<UniqueFd>& fds) {
  const std::size_t take = std::min({buffer.size(), size_ - done_, cut_});
  std::memcpy(buffer.data(), bytes_.data() + done_, take);
  if (!fds_late_ || done_ != 0) {
    for (; fd_count_ != 0; --fd_count_) fds.push_back(NewToken());
  }
  done_ += take;
  return take;
}

bool ScriptedPeer::OnSend(std::span<const std::byte> bytes,
                          std::size_t fd_count) {
  ++sent_count_;
  asked_in_ = model_->context();
  const Frame frame = FrameOf(bytes, fd_count);
  const auto request =
      ValidateRequest(frame, protocol::Channel::kMain, asked_in_);
  VU_PROPERTY(request.ok(), "what is sent is well-formed");
  VU_PROPERTY(!model_->CheckRequest(*request), "what is sent is allowed");
  asked_ = *request;
  return true;
}

std::optional<std::size_t> ScriptedPeer::Receive(std::span<std::byte> buffer,
                                                 std::vector<UniqueFd>& fds) {
  VU_PROPERTY(!ended_, "nothing is read after the end");
  while (parcel_.empty()) {
    if (!NextDelivery()) return std::nullopt;
    if (ended_) return 0;
  }
  return parcel_.Read(buffer, fds);
}

bool ScriptedPeer::NextDelivery() {
  if (asked_.spec == nullptr) return false;
  while (!indulgent_ && next_record_ < records_.size() &&
         (records_[next_record_].kind & kDeliveryBit) == 0) {
    ++next_record_;
  }
  if (indulgent_ || next_record_ == records_.size()) {
    if (!indulgent_ && !right_at_end_) return false;
    DeliverAnswer(std::nullopt, 0, 0, Input({}));
    return true;
  }
  const Record& record = records_[next_record_++];
  Input input(record.payload);
  const auto kind = static_cast<Delivery>(
      (record.kind & ~unsigned{kDeliveryBit}) % kDeliveryCount);
  if (kind == Delivery::kSilence) return false;
  if (kind == Delivery::kEnd) {
    ended_ = true;
    return true;
  }
  const auto cut = input.Take<std::uint8_t>();
  const auto fds = input.Take<std::uint8_t>();
  if (kind == Delivery::kRaw) {
    parcel_.Load(std::as_bytes(input.TakeRest()), cut,
                 fds == 0 ? 0 : fds - std::size_t{1});
    return true;
  }
  std::optional<std::uint64_t> value;
  if (kind == Delivery::kValue) value = input.Take<std::uint64_t>();
  DeliverAnswer(value, cut, fds, input);
  return true;
}

void ScriptedPeer::DeliverAnswer(std::optional<std::uint64_t> value,
                                 std::uint8_t cut, std::uint8_t fds,
                                 Input patches) {
  static std::array<std::byte, kHeaderSize + protocol::kPayloadSizeMax> bytes;
  const Message answer = MakeAnswer(asked_, asked_in_, value);
  const std::size_t payload_size =
      protocol::EncodeBody(answer.body, std::span(bytes).subspan(kHeaderSize));
  const auto header =
      protocol::EncodeHeader({answer.spec->id, answer.flags,
                              static_cast<std::uint32_t>(payload_size)});
  std::copy(header.begin(), header.end(), bytes.begin());
  const std::size_t size = kHeaderSize + payload_size;
  while (!patches.empty()) {
    const std::size_t at = patches.Take<std::uint8_t>() % size;
    bytes[at] ^= std::byte{patches.Take<std::uint8_t>()};
  }
  parcel_.Load(std::span(bytes).first(size), cut,
               fds == 0 ? answer.fd_count : fds - std::size_t{1});
}

void ScriptedAsker::Expect(const Message& request, std::uint64_t value,
                           protocol::WireContext context) {
  request_ = &request;
  value_ = value;
  context_ = context;
}

bool ScriptedAsker::OnSend(std::span<const std::byte> bytes,
                           std::size_t fd_count) {
  VU_PROPERTY(request_ != nullptr, "no answer that nobody asked for");
  const auto answer =
      ValidateReply(FrameOf(bytes, fd_count), *request_, context_);
  VU_PROPERTY(answer.ok(), "our answer is right");
  const auto* u64 = std::get_if<protocol::U64>(&answer->body);
  VU_PROPERTY(u64 == nullptr || u64->value == value_,
              "our answer says what it was given");
  request_ = nullptr;
  return true;
}

std::optional<std::size_t> ScriptedAsker::Receive(std::span<std::byte> buffer,
                                                  std::vector<UniqueFd>& fds) {
  if (parcel_.empty()) return std::nullopt;
  return parcel_.Read(buffer, fds);
}

}  // namespace vuspec::fuzz
