// The log of dirty pages: which bits a back-end sets, where, and when.
#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/log_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;
using protocol::VringAddr;

constexpr std::uint64_t kLogAll = Mask(VirtioFeature::LOG_ALL);
constexpr std::uint64_t kLogShmfd = Mask(ProtocolFeature::LOG_SHMFD);
constexpr Needs kLogging = {
    .virtio = kLogAll, .protocol = kLogShmfd, .io = true};

// Where no region is (LOG-17) and the log still reaches.
constexpr std::uint64_t kNoMemory = std::uint64_t{512} << 20;

class DirtyLog : public ConformanceCase {
 protected:
  // Every ring of the device running; the log is shared before.
  Session& StartLogging(const SharedLog& log,
                        std::uint64_t virtio = kPlainVirtio | kLogAll,
                        const RingOptions& rings = {}) {
    Session& session = StartSession(
        {.virtio = virtio, .protocol = kPlainProtocol | kLogShmfd});
    Share(session, log);
    Require(session.BringDevice(rings));
    return session;
  }
  static void Share(Session& session, const SharedLog& log) {
    Require(session.frontend().SetLogBase(log.description(), log.fd()));
  }

  // The reply of SET_LOG_BASE is open (AMB-log-base-reply): a number in it may
  // refuse as an ack would, or be of no meaning. Then pages that are dirtied
  // tell.
  void ExpectRefused(const protocol::Log& description) {
    const SharedLog log;
    const int fd = log.fd();
    Session& session = StartSession({.virtio = kPlainVirtio | kLogAll,
                                     .protocol = kPlainProtocol | kLogShmfd});
    const Outcome outcome = Provoke(
        session, MakeRequest(Request::SET_LOG_BASE, description), OneFd(fd));
    EXPECT_TRUE(outcome.refused() || outcome.closed || outcome.value != 0)
        << outcome;
    if (outcome.over()) return;
    ExpectVerifiedIo(session);
  }
};

CONFORMANCE_CASE(DirtyLog, EveryPageOfAWriteIsLogged,
                 .cites = {Req::LOG_01, Req::LOG_09, Req::LOG_10, Req::LOG_11},
                 .needs = kLogging) {
  const SharedLog log;
  ExpectLogged(log, WriteAcrossPages(StartLogging(log)));
}

CONFORMANCE_CASE(DirtyLog, NothingIsLoggedWithoutLogAll, .cites = {Req::LOG_13},
                 .needs = {.protocol = kLogShmfd, .io = true}) {
  const SharedLog log;
  WriteAcrossPages(StartLogging(log, kPlainVirtio));
  EXPECT_TRUE(log.IsClear());
}

CONFORMANCE_CASE(
    DirtyLog, PagesThatAreOnlyReadAreNotLogged, .cites = {Req::LOG_12},
    .needs = {.virtio = kLogAll, .protocol = kLogShmfd, .device = "blk"}) {
  const SharedLog log;
  Session& session = StartLogging(log);
  const BlkParts write =
      MakeBlkParts(session.memory(), kBlkOut, 0, 2 * kPageSize);
  Complete(IoRing(session), write.Whole());
  EXPECT_TRUE(log.Marks(write.status.guest_address));
  EXPECT_FALSE(log.Marks(write.data.guest_address + kPageSize));
}

CONFORMANCE_CASE(DirtyLog, BeginsAtItsOffset, .cites = {Req::LOG_07},
                 .needs = kLogging) {
  const SharedLog log(kPageSize);
  ExpectLogged(log, WriteAcrossPages(StartLogging(log)));
  EXPECT_TRUE(log.IsUntouchedBefore());
}

CONFORMANCE_CASE(DirtyLog, ASecondOneReplacesTheFirst, .cites = {Req::LOG_08},
                 .needs = kLogging) {
  const SharedLog first;
  const SharedLog second;
  Session& session = StartLogging(first);
  Share(session, second);
  const Written written = WriteAcrossPages(session);
  ExpectLogged(second, written);
  EXPECT_FALSE(first.Marks(written.guest_address));
}

CONFORMANCE_CASE(DirtyLog, IsKeptWithAnEventToo,
                 .cites = {Req::LOG_22, Req::LOG_10}, .needs = kLogging,
                 .open = {Ambiguity::kLogFd}) {
  const SharedLog log;
  const Event event = Require(Event::Create());
  Session& session = StartLogging(log);
  Require(session.frontend().SetLogFd(event.fd()));
  ExpectLogged(log, WriteAcrossPages(session));
}

CONFORMANCE_CASE(DirtyLog, BeginsAndEndsWhileRingsRun, .cites = {Req::FEAT_11},
                 .needs = kLogging) {
  const SharedLog log;
  Session& session = StartLogging(log, kPlainVirtio);
  const std::uint64_t features = session.negotiated().virtio;
  EXPECT_FALSE(log.Marks(WriteAcrossPages(session).guest_address));
  Require(session.frontend().SetFeatures(features | kLogAll));
  ExpectLogged(log, WriteAcrossPages(session));
  Require(session.frontend().SetFeatures(features));
  EXPECT_FALSE(log.Marks(WriteAcrossPages(session).guest_address));
}

CONFORMANCE_CASE(DirtyLog, UsedRingIsLoggedAtItsLogAddress,
                 .cites = {Req::LOG_14, Req::LOG_16, Req::LOG_17},
                 .needs = kLogging) {
  const SharedLog log;
  WriteAcrossPages(StartLogging(log, kPlainVirtio | kLogAll,
                                {.log_address = kNoMemory, .log = true}));
  EXPECT_TRUE(log.Marks(kNoMemory));
}

CONFORMANCE_CASE(DirtyLog, UsedRingIsNotLoggedWithoutItsFlag,
                 .cites = {Req::LOG_15}, .needs = kLogging) {
  const SharedLog log;
  WriteAcrossPages(
      StartLogging(log, kPlainVirtio | kLogAll, {.log_address = kNoMemory}));
  EXPECT_FALSE(log.Marks(kNoMemory));
}

CONFORMANCE_CASE(DirtyLog, OfAUsedRingMayBeginWhileItRuns,
                 .cites = {Req::LOG_21}, .needs = kLogging) {
  const SharedLog log;
  Session& session = StartLogging(log);
  VringAddr addresses = IoRing(session).Addresses();
  addresses.flags = 1;
  addresses.log = kNoMemory;
  Require(session.frontend().SetVringAddr(addresses));
  WriteAcrossPages(session);
  EXPECT_TRUE(log.Marks(kNoMemory));
}

CONFORMANCE_CASE(DirtyLog, OfSizeZeroIsRefused, .cites = {Req::LOG_06},
                 .needs = kLogging) {
  ExpectRefused({.mmap_size = 0, .mmap_offset = 0});
}

CONFORMANCE_CASE(DirtyLog, ThatWrapsIsRefused, .cites = {Req::LOG_06},
                 .needs = kLogging) {
  ExpectRefused({.mmap_size = 2 * kPageSize, .mmap_offset = ~kPageSize + 1});
}

CONFORMANCE_CASE(DirtyLog, BeyondTheEndOfItsFileIsRefused,
                 .cites = {Req::LOG_06}, .needs = kLogging) {
  ExpectRefused(
      {.mmap_size = SharedLog::kSize, .mmap_offset = SharedLog::kSize});
}

CONFORMANCE_CASE(DirtyLog, ItsArrivalIsAnsweredUnasked, .cites = {Req::LOG_02},
                 .needs = {.protocol = kLogShmfd},
                 .open = {Ambiguity::kLogBaseReply}) {
  const SharedLog log;
  const int fd = log.fd();
  Session& session = StartSession({.protocol = kPlainProtocol | kLogShmfd});
  const Outcome outcome =
      Ask(Raw(session), MakeRequest(Request::SET_LOG_BASE, log.description()),
          OneFd(fd));
  ASSERT_TRUE(outcome.reply.has_value()) << outcome;
  EXPECT_LE(outcome.reply->payload.size(), 16u);
  CurrentCase().AmbigCase("the reply of SET_LOG_BASE: " + ToString(outcome));
}

CONFORMANCE_CASE(DirtyLog, WithoutItsFeatureItIsNotAnswered,
                 .cites = {Req::LOG_03}) {
  const Outcome outcome =
      Ask(Raw(StartSession()),
          MakeRequest(Request::SET_LOG_BASE, protocol::U64{0x10000}));
  EXPECT_TRUE(outcome.kind == Outcome::kSilent || outcome.closed) << outcome;
}

// Two pages are written: of their bits one is in the pattern.
CONFORMANCE_CASE(DirtyLog, BitsOfOthersAreKept, .cites = {Req::LOG_18},
                 .needs = kLogging) {
  SharedLog log;
  log.FillWith(0x55);
  ExpectLogged(log, WriteAcrossPages(StartLogging(log)));
  EXPECT_TRUE(log.Keeps(0x55));
}

// The first page of the file is announced, and far too small.
CONFORMANCE_CASE(DirtyLog, NothingIsWrittenBehindItsEnd, .cites = {Req::LOG_19},
                 .needs = kLogging) {
  const SharedLog log;
  Session& session = StartSession({.virtio = kPlainVirtio | kLogAll,
                                   .protocol = kPlainProtocol | kLogShmfd});
  // To refuse a log that does not reach all of memory is one way.
  if (!session.frontend()
           .SetLogBase({.mmap_size = kPageSize, .mmap_offset = 0}, log.fd())
           .ok()) {
    return;
  }
  Require(session.BringDevice());
  WriteAcrossPages(session);
  EXPECT_TRUE(log.IsClear());
}

CONFORMANCE_CASE(DirtyLog, NothingIsLoggedAfterTheStop, .cites = {Req::LOG_24},
                 .needs = kLogging) {
  SharedLog log;
  Session& session = StartLogging(log);
  WriteAcrossPages(session);
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  log.FillWith(0);
  PostOne(session);
  ExpectIdle(session, IoRing(session));
  EXPECT_TRUE(log.IsClear());
}

CONFORMANCE_CASE(DirtyLog, LogAllWithoutALogIsSurvived, .cites = {Req::LOG_28},
                 .needs = kLogging) {
  Session& session = StartSession({.virtio = kPlainVirtio | kLogAll,
                                   .protocol = kPlainProtocol | kLogShmfd});
  ExpectVerifiedIo(session);
}

// The used ring of 1024 entries has its event on another page.
CONFORMANCE_CASE(DirtyLog, TheEventOfAUsedRingMayBeLogged,
                 .cites = {Req::LOG_27},
                 .needs = {.virtio = kLogAll | Mask(VirtioFeature::EVENT_IDX),
                           .protocol = kLogShmfd,
                           .io = true},
                 .open = {Ambiguity::kLogOfEvents}) {
  const SharedLog log;
  const std::uint64_t features =
      kPlainVirtio | kLogAll | Mask(VirtioFeature::EVENT_IDX);
  WriteAcrossPages(StartLogging(log, features,
                                {.size = 1024,
                                 .event_idx = true,
                                 .log_address = kNoMemory,
                                 .log = true}));
  EXPECT_TRUE(log.Marks(kNoMemory));
  CurrentCase().AmbigCase(log.Marks(kNoMemory + 2 * kPageSize)
                              ? "avail_event is logged"
                              : "avail_event is not logged");
}

}  // namespace
}  // namespace vuspec
