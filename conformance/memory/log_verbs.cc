#include "conformance/memory/log_verbs.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "conformance/kit/matchers.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/device/blk_requests.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/errno_status.h"

namespace vuspec {
namespace {

// Short enough for every device to write more than this.
constexpr std::uint64_t kBeforeTheBorder = 8;

UniqueFd MakeFile(std::uint64_t size) {
  UniqueFd file(::memfd_create("vuspec-log", MFD_CLOEXEC));
  if (!file || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    ADD_FAILURE() << ErrnoStatus("create a memfd", errno).ToString();
  }
  return file;
}

// A frame comes in on the receive queue once one was sent.
std::uint64_t ReceiveAt(Session& session, std::uint64_t address) {
  const Segment into = {address, kPageSize, true};
  Require(session.Post(0, std::span(&into, 1)));
  Complete(session, Require(session.MakeRequest()));
  return Require(session.Await(0)).length;
}

// The device's first answer goes there.
std::uint64_t AnswerAt(Session& session, std::uint64_t address) {
  const DeviceProfile& profile = session.driver()->profile();
  IoRequest request =
      Require(profile.name == "blk" ? MakeBlkRead(session.memory(), 0, 0)
                                    : session.MakeRequest());
  const auto into = std::find_if(
      request.segments.begin(), request.segments.end(),
      [](const Segment& segment) { return segment.device_writable; });
  VU_CHECK(into != request.segments.end(), "a request without an answer");
  into->guest_address = address;
  Require(session.Post(profile.io_queue, request.segments));
  return std::min(into->length,
                  Require(session.Await(profile.io_queue)).length);
}

}  // namespace

SharedLog::SharedLog(std::uint64_t offset)
    : offset_(offset),
      file_(MakeFile(offset + kSize)),
      mapping_(Require(Mapping::Create(file_.get(), 0, offset + kSize))) {}

bool SharedLog::Marks(std::uint64_t guest_address) const {
  const std::uint64_t page = guest_address / kPageSize;
  VU_CHECK(page / 8 < kSize, "an address that the log does not reach");
  const auto bits = Load<std::uint8_t>(mapping_.data() + offset_ + page / 8);
  return (bits >> (page % 8) & 1) != 0;
}

void SharedLog::FillWith(std::uint8_t bits) {
  for (std::byte& byte : bytes()) Store<std::uint8_t>(&byte, bits);
}

bool SharedLog::IsFilledWith(std::uint8_t bits) const {
  return std::ranges::all_of(bytes(), [bits](const std::byte& byte) {
    return Load<std::uint8_t>(&byte) == bits;
  });
}

bool SharedLog::Keeps(std::uint8_t bits) const {
  return std::ranges::all_of(bytes(), [bits](const std::byte& byte) {
    return (Load<std::uint8_t>(&byte) & bits) == bits;
  });
}

bool SharedLog::IsUntouchedBefore() const {
  return std::ranges::all_of(
      mapping_.bytes().first(offset_),
      [](const std::byte& byte) { return Load<std::uint8_t>(&byte) == 0; });
}

Written WriteAcrossPages(Session& session) {
  const GuestBuffer room =
      Require(session.memory().Allocate(3 * kPageSize, kPageSize));
  const std::uint64_t address =
      room.guest_address + kPageSize - kBeforeTheBorder;
  const bool is_net = session.driver()->profile().name == "net";
  const std::uint64_t length =
      is_net ? ReceiveAt(session, address) : AnswerAt(session, address);
  EXPECT_GT(length, kBeforeTheBorder);
  Require(session.frontend().Fence());
  return {address, length};
}

void ExpectLogged(const SharedLog& log, const Written& written) {
  const std::uint64_t last = written.guest_address + written.length - 1;
  for (std::uint64_t page = written.guest_address / kPageSize;
       page <= last / kPageSize; ++page) {
    EXPECT_TRUE(log.Marks(page * kPageSize))
        << "the page at 0x" << std::hex << page * kPageSize
        << " was written and is not logged";
  }
}

}  // namespace vuspec
