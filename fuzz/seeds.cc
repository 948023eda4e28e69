// Seeds of messages: from the wire corpus and from the message table.
#include "fuzz/seeds.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fuzz/answers.h"
#include "fuzz/framer_input.h"
#include "fuzz/frontend_input.h"
#include "fuzz/operations.h"
#include "fuzz/records.h"
#include "fuzz/reply_input.h"
#include "protocol/codec.h"

namespace vuspec::fuzz {
namespace {

using protocol::Channel;
using protocol::MessageSpec;
using protocol::VuFile;
using protocol::VuRecord;
using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t kAskedMax = 255;

Buffer BytesOf(std::span<const std::byte> bytes) {
  Buffer out;
  for (const std::byte byte : bytes) {
    out.push_back(std::to_integer<std::uint8_t>(byte));
  }
  return out;
}

std::uint8_t RowOf(Channel channel, std::uint32_t id) {
  const auto rows = AllMessages(channel);
  const auto row = std::ranges::find(
      rows, id, [](const MessageSpec& spec) { return spec.id; });
  return row == rows.end() ? std::uint8_t{0}
                           : static_cast<std::uint8_t>(row - rows.begin());
}

ReplyInput::Mode ModeOf(const VuRecord& record) {
  const bool main = record.channel == Channel::kMain;
  if (record.FromAsker()) {
    return main ? ReplyInput::Mode::kMainRequest
                : ReplyInput::Mode::kBackendRequest;
  }
  return main ? ReplyInput::Mode::kMainReply : ReplyInput::Mode::kBackendReply;
}

std::string Numbered(std::string_view name, std::size_t number) {
  return std::string(name) + "-" + std::to_string(number);
}

Buffer FrameOf(const protocol::Message& message) {
  Buffer payload(protocol::EncodedSize(message.body));
  protocol::EncodeBody(message.body,
                       std::as_writable_bytes(std::span(payload)));
  Buffer frame = BytesOf(
      protocol::EncodeHeader({message.spec->id, message.flags,
                              static_cast<std::uint32_t>(payload.size())}));
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

}  // namespace

std::vector<Seed> ReplySeeds(std::string_view name, const VuFile& file) {
  std::vector<Seed> seeds;
  // The request that an answer answers: the last on its channel.
  const VuRecord* asked[2] = {nullptr, nullptr};
  for (const VuRecord& record : file.records) {
    const VuRecord*& request = asked[record.channel == Channel::kMain ? 0 : 1];
    if (record.FromAsker()) request = &record;
    ReplyInput input;
    input.mode = ModeOf(record);
    input.context = file.context;
    input.fd_count = static_cast<std::uint8_t>(record.fds.size());
    Buffer payload;
    if (!record.FromAsker() && request != nullptr && !request->raw) {
      input.row = RowOf(request->channel, request->header.request);
      input.need_reply =
          (request->header.flags & protocol::kNeedReplyFlag) != 0;
      payload = BytesOf(request->payload);
      payload.resize(std::min(payload.size(), kAskedMax));
    }
    input.asked = payload;
    const Buffer frame = BytesOf(record.Bytes());
    input.frame = frame;
    seeds.push_back({Numbered(name, seeds.size()), WriteReplyInput(input)});
  }
  return seeds;
}

std::vector<Seed> FramerSeeds(std::string_view name, const VuFile& file) {
  std::vector<Cut> cuts;
  Buffer stream;
  for (const VuRecord& record : file.records) {
    const Buffer bytes = BytesOf(record.Bytes());
    if (bytes.empty()) continue;
    if (cuts.size() < FramerInput::kCutCountMax && bytes.size() <= 256) {
      cuts.push_back({bytes.size(), record.fds.size()});
    }
    stream.insert(stream.end(), bytes.begin(), bytes.end());
  }
  return {{std::string(name), WriteFramerInput(cuts, stream)}};
}

// What the back-end of the file answers, to the request of that row.
std::vector<Seed> FrontendSeeds(std::string_view name, const VuFile& file) {
  const std::uint8_t third = file.context.xen_mmap ? 0x7f : 0x7d;
  Buffer bytes = {0x30, 0x3f, 0xff, 0xff, third, 0};
  const std::size_t head_size = bytes.size();
  for (const VuRecord& record : file.records) {
    const Buffer payload = BytesOf(record.payload);
    Buffer parameters;
    const Buffer frame = BytesOf(record.Bytes());
    if (record.channel == Channel::kBackend) {
      if (!record.FromAsker()) continue;
      parameters = {0, static_cast<std::uint8_t>(record.fds.size()), 0};
      parameters.insert(parameters.end(), frame.begin(), frame.end());
      parameters.resize(std::min(parameters.size(), kRecordSizeMax));
      AppendRecord(
          bytes, static_cast<std::uint8_t>(FrontendOperation::kBackendRequest),
          parameters);
    } else if (record.FromAsker()) {
      parameters = {RowOf(Channel::kMain, record.header.request), 1,
                    static_cast<std::uint8_t>(record.fds.size())};
      parameters.insert(parameters.end(), payload.begin(), payload.end());
      parameters.resize(std::min(parameters.size(), kRecordSizeMax));
      AppendRecord(bytes,
                   static_cast<std::uint8_t>(FrontendOperation::kExchange),
                   parameters);
    } else {
      parameters = {0, static_cast<std::uint8_t>(record.fds.size() + 1)};
      parameters.insert(parameters.end(), frame.begin(), frame.end());
      parameters.resize(std::min(parameters.size(), kRecordSizeMax));
      AppendRecord(bytes,
                   static_cast<std::uint8_t>(
                       kDeliveryBit | static_cast<unsigned>(Delivery::kRaw)),
                   parameters);
    }
  }
  if (bytes.size() == head_size) return {};
  return {{std::string(name), bytes}};
}

std::vector<Seed> ReplyTableSeeds() {
  std::vector<Seed> seeds;
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    std::uint8_t row = 0;
    for (const MessageSpec& spec : AllMessages(channel)) {
      ReplyInput input;
      input.mode = channel == Channel::kMain ? ReplyInput::Mode::kMainReply
                                             : ReplyInput::Mode::kBackendReply;
      input.context.reply_ack = true;
      input.need_reply = true;
      input.row = row++;
      input.with_text = true;
      const protocol::Message request{
          &spec, protocol::kVersion | protocol::kNeedReplyFlag,
          protocol::EmptyBodyOf(ResolvePayload(spec.payload, input.context)),
          0};
      const protocol::Message answer =
          MakeAnswer(request, input.context, std::nullopt);
      input.fd_count = static_cast<std::uint8_t>(answer.fd_count);
      const Buffer frame = FrameOf(answer);
      input.frame = frame;
      seeds.push_back(
          {std::string(spec.name) + "_reply", WriteReplyInput(input)});
    }
  }
  return seeds;
}

}  // namespace vuspec::fuzz
