#include "harness/session/transcript.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/codec.h"
#include "protocol/dump.h"
#include "protocol/session_model.h"
#include "protocol/vu_file.h"

namespace vuspec {
namespace {

using protocol::Request;
using protocol::VuFd;

// What a replay has to make in place of the descriptors: memory where the
// message describes memory, an event for notifications, /dev/null elsewhere.
std::vector<VuFd> DescribeFds(const protocol::Header& header,
                              std::span<const std::byte> payload,
                              std::size_t count) {
  std::vector<VuFd> fds(count, VuFd{VuFd::Kind::kNull});
  const auto* spec =
      protocol::FindMessage(protocol::Channel::kMain, header.request);
  if (spec == nullptr) return fds;
  switch (static_cast<Request>(spec->id)) {
    case Request::SET_VRING_KICK:
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_ERR:
    case Request::SET_LOG_FD:
      fds.assign(count, VuFd{VuFd::Kind::kEventfd});
      return fds;
    case Request::SET_BACKEND_REQ_FD:
      fds.assign(count, VuFd{VuFd::Kind::kSocket});
      return fds;
    default:
      break;
  }
  const auto body =
      protocol::DecodeBody(protocol::ResolvePayload(spec->payload, {}), payload,
                           {spec->name, spec->cites});
  if (!body.ok()) return fds;
  std::array<protocol::MemoryRegion, protocol::kMemoryRegionCountMax> regions;
  const std::size_t region_count = protocol::CopyRegions(*body, regions);
  for (std::size_t i = 0; i < std::min(count, region_count); ++i) {
    fds[i] = {VuFd::Kind::kMemfd,
              regions[i].mmap_offset + regions[i].memory_size};
  }
  return fds;
}

}  // namespace

void Transcript::Add(Frame frame) {
  if (frames_.size() < kFrameCountMax) {
    frames_.push_back(std::move(frame));
  } else {
    ++dropped_;
  }
}

void Transcript::OnSent(const protocol::Header& header,
                        std::span<const std::byte> payload,
                        std::size_t fd_count) {
  Add({true, header, {payload.begin(), payload.end()}, fd_count});
}

void Transcript::OnReceived(const protocol::Header& header,
                            std::span<const std::byte> payload,
                            std::size_t fd_count) {
  Add({false, header, {payload.begin(), payload.end()}, fd_count});
}

std::string Transcript::LastSent() const {
  constexpr int kCount = 3;
  std::string names;
  int count = 0;
  for (auto frame = frames_.rbegin(); frame != frames_.rend() && count < kCount;
       ++frame) {
    if (!frame->sent) continue;
    const auto* spec =
        protocol::FindMessage(protocol::Channel::kMain, frame->header.request);
    const std::string name =
        spec != nullptr ? std::string(spec->name)
                        : "request " + std::to_string(frame->header.request);
    names = count++ == 0 ? name : name + ", " + names;
  }
  return names;
}

std::string Transcript::ToVu() const {
  protocol::VuFile file;
  for (const Frame& frame : frames_) {
    protocol::VuRecord record;
    record.direction = frame.sent ? protocol::VuDirection::kToBackend
                                  : protocol::VuDirection::kToFrontend;
    record.header = frame.header;
    record.payload = frame.payload;
    if (frame.sent) {
      record.fds = DescribeFds(frame.header, frame.payload, frame.fd_count);
    }
    record.comment = protocol::DumpFrame(protocol::Channel::kMain, frame.header,
                                         frame.payload, frame.fd_count, {});
    file.records.push_back(std::move(record));
  }
  std::string text = protocol::WriteVu(file);
  if (dropped_ != 0) {
    text += "# " + std::to_string(dropped_) + " more messages\n";
  }
  return text;
}

}  // namespace vuspec
