// Records between the runner and a worker: the only thing they share.
//
// A record is a kind and a text, on a stream socket with its length before it.
//
// Contract: Send blocks until the record is out; a reader never blocks and
// keeps what is incomplete. Neither owns the socket. Not thread-safe.
#ifndef VUSPEC_HARNESS_SUITE_WORKER_LINK_H_
#define VUSPEC_HARNESS_SUITE_WORKER_LINK_H_

#include <optional>
#include <string>
#include <utility>

#include "harness/transport/unique_fd.h"

namespace vuspec {

enum class RecordKind : char {
  // from the runner
  kPreflight = 'p',
  kRunCase = 'r',  // text: the id
  // from the worker
  kReady = 'R',        // the peer object exists
  kTrouble = 'T',      // text: why there is no peer; the worker ends
  kProbe = 'P',        // text: ProbeResult as JSON
  kPeerDown = 'D',     // no case is tried; text: a Verdict, a space, the reason
  kPeerTrouble = 'N',  // likewise, but the cases are tried: kProbe follows
  kCaseDone = 'C',     // text: CaseResult as JSON
  kFarewell = 'F',     // last words; text as kPeerDown, or empty: all is well
};

struct Record {
  RecordKind kind = RecordKind::kReady;
  std::string text;
};

// Two connected stream sockets, close-on-exec. Invalid if there are none left.
std::pair<UniqueFd, UniqueFd> MakeWorkerLink();

// False when the other side is gone. Raises no SIGPIPE.
bool SendRecord(int socket, const Record& record);

// Waits for a whole record; nullopt at the end of the stream.
std::optional<Record> AwaitRecord(int socket);

class RecordReader {
 public:
  // Takes in what has arrived. False at the end of the stream.
  bool Pull(int socket);
  // The next whole record.
  std::optional<Record> Next();

 private:
  std::string buffer_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_WORKER_LINK_H_
