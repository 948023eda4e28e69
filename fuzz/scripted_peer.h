// The other side of a Frontend in memory: delivers what the records say, and
// judges what it is sent.
//
// Contract: borrows everything. The session model is asked at the moment of
// sending, before the front-end has applied anything.
#ifndef VUSPEC_FUZZ_SCRIPTED_PEER_H_
#define VUSPEC_FUZZ_SCRIPTED_PEER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/operations.h"
#include "fuzz/records.h"
#include "harness/transport/memory_channel.h"
#include "protocol/message.h"
#include "protocol/session_model.h"

namespace vuspec::fuzz {

// Bytes on their way to a reader, in pieces and with descriptors.
class Parcel {
 public:
  // `cut` as in operations.h. Descriptors are made when they are handed over.
  void Load(std::span<const std::byte> bytes, std::uint8_t cut,
            std::size_t fd_count);
  bool empty() const { return done_ == size_; }

  // REQUIRES: !empty().
  std::size_t Read(std::span<std::byte> buffer, std::vector<UniqueFd>& fds);

 private:
  std::array<std::byte, protocol::kHeaderSize + protocol::kPayloadSizeMax>
      bytes_;
  std::size_t size_ = 0;
  std::size_t done_ = 0;
  std::size_t cut_ = 0;
  std::size_t fd_count_ = 0;
  bool fds_late_ = false;
};

class ScriptedPeer final : public PeerScript {
 public:
  ScriptedPeer(std::span<const Record> records, bool right_at_end)
      : records_(records), right_at_end_(right_at_end) {}

  // The model of the front-end that sends. REQUIRES: before the first message.
  void Watch(const protocol::SessionModel& model) { model_ = &model; }
  // Right answers, whatever the records say.
  void Indulge(bool on) { indulgent_ = on; }

  bool OnSend(std::span<const std::byte> bytes, std::size_t fd_count) override;
  std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                     std::vector<UniqueFd>& fds) override;

  // Whole messages that were sent.
  std::size_t sent_count() const { return sent_count_; }

 private:
  // False: silence.
  bool NextDelivery();
  void DeliverAnswer(std::optional<std::uint64_t> value, std::uint8_t cut,
                     std::uint8_t fds, Input patches);

  const std::span<const Record> records_;
  const bool right_at_end_;
  const protocol::SessionModel* model_ = nullptr;
  std::size_t next_record_ = 0;
  Parcel parcel_;
  protocol::Message asked_;  // spec null before the first request
  protocol::WireContext asked_in_;
  std::size_t sent_count_ = 0;
  bool indulgent_ = false;
  bool ended_ = false;
};

// The peer on the back-end channel: asks once, and judges the answer.
class ScriptedAsker final : public PeerScript {
 public:
  ScriptedAsker(std::span<const std::byte> bytes, std::uint8_t cut,
                std::size_t fd_count) {
    parcel_.Load(bytes, cut, fd_count);
  }

  // The next thing sent must be the answer to it.
  void Expect(const protocol::Message& request, std::uint64_t value,
              protocol::WireContext context);
  bool answered() const { return request_ == nullptr; }

  bool OnSend(std::span<const std::byte> bytes, std::size_t fd_count) override;
  std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                     std::vector<UniqueFd>& fds) override;

 private:
  Parcel parcel_;
  const protocol::Message* request_ = nullptr;
  std::uint64_t value_ = 0;
  protocol::WireContext context_;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_SCRIPTED_PEER_H_
