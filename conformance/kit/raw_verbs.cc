#include "conformance/kit/raw_verbs.h"

#include "conformance/kit/matchers.h"
#include "gtest/gtest.h"
#include "harness/transport/drained.h"
#include "protocol/codec.h"

namespace vuspec {

std::vector<std::byte> BytesOf(const protocol::Header& header) {
  const protocol::HeaderBytes bytes = EncodeHeader(header);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> BytesOf(const protocol::Message& message) {
  const std::size_t size = protocol::EncodedSize(message.body);
  std::vector<std::byte> bytes = BytesOf(
      {message.spec->id, message.flags, static_cast<std::uint32_t>(size)});
  bytes.resize(protocol::kHeaderSize + size);
  protocol::EncodeBody(message.body,
                       std::span(bytes).subspan(protocol::kHeaderSize));
  return bytes;
}

Outcome SendAndHalfClose(RawFrontend& raw, const protocol::Header& header,
                         std::span<const std::byte> payload,
                         std::span<const int> fds) {
  const absl::Status sent =
      raw.Send(header, payload, fds, CurrentRun().ForAnswer());
  // A peer may hang up at the header.
  EXPECT_TRUE(sent.ok() || absl::IsUnavailable(sent)) << sent;
  raw.HalfClose();
  return raw.Await(header, payload, CurrentRun().ForAnswer());
}

void AwaitRead(RawFrontend& raw) {
  ASSERT_TRUE(AwaitDrained(raw.connection().PollFd(), CurrentRun().ForAnswer()))
      << "the peer does not read";
}

void SendByteByByte(RawFrontend& raw, std::span<const std::byte> bytes) {
  for (const std::byte& byte : bytes) {
    const absl::Status sent =
        raw.SendBytes(std::span(&byte, 1), {}, CurrentRun().ForAnswer());
    ASSERT_TRUE(sent.ok()) << sent;
    AwaitRead(raw);
  }
}

std::vector<std::uint32_t> ReceiveRequestNumbers(RawFrontend& raw, int count) {
  std::vector<std::uint32_t> numbers;
  for (int i = 0; i < count; ++i) {
    Received received = raw.Receive(CurrentRun().ForAnswer());
    if (!received.ok()) break;
    numbers.push_back(received.message().header.request);
  }
  return numbers;
}

}  // namespace vuspec
