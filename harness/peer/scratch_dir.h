// A folder of its own for each peer: socket, log, files; removed at the end.
//
// Contract: made by mkdtemp (mode 0700) under $TMPDIR, or under /tmp where
// $TMPDIR is too long for the path of a socket; removed with all that is in
// it by the destructor. Not thread-safe.
#ifndef VUSPEC_HARNESS_PEER_SCRATCH_DIR_H_
#define VUSPEC_HARNESS_PEER_SCRATCH_DIR_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/peer/manifest.h"

namespace vuspec {

class ScratchDir {
 public:
  // The length of the last part of path(), with its slash.
  static constexpr std::size_t kNameSize = sizeof("/vuspec-XXXXXX") - 1;

  // `room` is for longer paths below it, as those of scratch folders in it.
  static absl::StatusOr<ScratchDir> Make(std::size_t room = 0);

  ScratchDir(ScratchDir&& other) noexcept;
  ScratchDir& operator=(ScratchDir&&) = delete;
  ~ScratchDir();

  const std::string& path() const { return path_; }
  std::string SocketPath() const { return path_ + "/vu.sock"; }
  std::string LogPath() const { return path_ + "/peer.log"; }

  // Makes the files of a manifest, sparse and empty of data; those that exist
  // are emptied, so that each life of a peer starts alike.
  absl::Status MakeFiles(const std::vector<ScratchFile>& files) const;

 private:
  explicit ScratchDir(std::string path);

  std::string path_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_SCRATCH_DIR_H_
