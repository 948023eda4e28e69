// The fixture of every conformance case: sessions to play with before, the
// questions to answer after.
//
// After a case that sent something raw (a negative case), after one that
// failed, and after any under a transport that takes liberties (--mutate),
// TearDown asks the same three questions: does the connection, or a fresh one,
// still answer; does a verified I/O still complete; did the process keep its
// descriptors, shared mappings and threads. After any other it asks the first
// and the last one of a fresh connection, so that nothing of a case is blamed
// on the next. The canaries around everything that was shared are checked after
// every case.
//
// Contract: sessions belong to the fixture and end in TearDown, so a case holds
// references only. Verbs end the case when they fail.
#ifndef VUSPEC_CONFORMANCE_KIT_FIXTURE_H_
#define VUSPEC_CONFORMANCE_KIT_FIXTURE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/kit/raw_connection.h"
#include "gtest/gtest.h"
#include "harness/frontend/outcome.h"
#include "harness/frontend/raw_frontend.h"
#include "harness/peer/peer.h"
#include "harness/peer/proc_stats.h"
#include "harness/session/session.h"
#include "harness/suite/context.h"
#include "harness/transport/channel.h"
#include "harness/transport/event_fd.h"
#include "protocol/message.h"

namespace vuspec {

class ConformanceCase : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Connected, negotiated, memory shared; no ring yet.
  Session& StartSession(SessionOptions options = {});
  // And every ring of the device running.
  Session& StartDevice(SessionOptions options = {}, RingOptions rings = {});
  // A ring of the device's request queue.
  SessionRing& IoRing(Session& session);
  // Posts one request of the device on its request ring.
  void PostOne(Session& session);
  // The same, and awaits and judges it.
  void CompleteOne(Session& session);
  void ExpectVerifiedIo(Session& session);

  RawConnection& ConnectRaw();
  // A second connection while another is up; nullptr if it is refused.
  std::unique_ptr<RawConnection> ConnectBeside();

  // The raw half of a session; marks the case as a negative one.
  RawFrontend& Raw(Session& session);

  // Sends `message`, asking for an ack where REPLY_ACK makes one possible.
  // Marks the case as a negative one.
  Outcome Provoke(Session& session, protocol::Message message,
                  std::span<const int> fds = {});

  // No completion and no call signal appears on the ring although the peer
  // has had several turns (round trips) to make one. No timer.
  void ExpectIdle(Session& session, SessionRing& ring);
  // Waits until the signals of completions already seen have arrived, too, and
  // takes them off the call descriptor.
  void Settle(Session& session, SessionRing& ring);
  // One request completes and is signalled, however soon its completion shows.
  // REQUIRES: !event_idx, where that depends on what was asked for.
  void ExpectNotified(Session& session, SessionRing& ring);
  // No call signal since it settled, whatever was completed.
  void ExpectNotNotified(Session& session, SessionRing& ring);

  // Ends the connection, if it did not end, and goes on over another one; see
  // Session::Resume. REQUIRES: no other connection of the case is open.
  void ConnectAgain(Session& session);

  // Ends every session and raw connection of the case.
  void Disconnect();

  // The connection is closed, or it answers what comes next.
  void ExpectAnswers(RawFrontend& raw);

  // The three questions, for cases that ask them in the middle.
  void AskTheThreeQuestions();

  const ProbeResult& probe() const { return CurrentRun().probe(); }
  bool Offers(protocol::VirtioFeature feature) const {
    return protocol::Has(probe().virtio_features, feature);
  }
  bool Offers(protocol::ProtocolFeature feature) const {
    return protocol::Has(probe().protocol_features, feature);
  }
  // Skips a case that says something only of peers that lack the feature.
  // Returns whether it did.
  bool SkipWhereOffered(protocol::ProtocolFeature feature);
  // For random choices: from the seed of the run and the name of the case.
  std::uint64_t seed() const { return CurrentCase().Seed(); }
  // Whether the device of this run has a verified I/O.
  bool has_io() const { return has_io_; }
  void MarkNegative() { negative_ = true; }

 private:
  void SkipUnlessOffered();
  // As --mutate says, but plain for the three questions.
  std::unique_ptr<Channel> Connect();
  std::unique_ptr<Channel> Delivering(UniqueFd fd);
  // REQUIRES: every connection is closed.
  void CheckSurplusFds();
  // The transport takes liberties that a peer may refuse.
  bool Excused() const;
  void AskAll();
  void CheckCanaries();
  // Ends what is open, and looks at what is left of it.
  void AccountForTheCase();
  // REQUIRES: no session is open, or an idle one, which it replaces.
  void StartIdleSession();
  // REQUIRES: only an idle session is open.
  void CheckResources();
  // Turns the end of a peer into the verdict of the case.
  void Judge(const PeerHealth& health);
  // Of what was disconnected last, each once.
  void AttachTranscripts();
  // "; last sent: SET_OWNER, GET_FEATURES", as far as there was a message.
  std::string AfterMessages() const;

  // What surplus-fds adds to each message: tells when the peer closed it.
  std::optional<Pipe> surplus_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<std::unique_ptr<RawConnection>> raws_;
  // What was disconnected last, and whether the report has it.
  struct Ended {
    std::shared_ptr<const Transcript> transcript;
    bool attached = false;
  };
  void Remember(std::shared_ptr<const Transcript> transcript);
  std::deque<Ended> ended_;
  // Of the session that could not be started last, if there was one.
  std::shared_ptr<const Transcript> unstarted_;
  bool negative_ = false;
  bool asking_ = false;  // the three questions
  bool has_io_ = false;
  int parts_attached_ = 0;  // failures whose transcripts were attached
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_FIXTURE_H_
