// What a CI job sees of a run that does not come to its end: the exit code,
// and what to do.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "conformance/program/whole_program.h"
#include "gmock/gmock.h"

namespace vuspec {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr char kCase[] = "Features.FirstMessageMayAskForThem";

class ExitCodes : public WholeProgram {};

TEST_F(ExitCodes, Is3ForAPeerThatIsKilled) {
  // Listens, and is killed as soon as somebody connects.
  const std::string script =
      folder_.Write("peer.py",
                    "import os, signal, socket, sys\n"
                    "s = socket.socket(socket.AF_UNIX)\n"
                    "s.bind(sys.argv[1])\ns.listen()\nc = s.accept()\n"
                    "os.kill(os.getpid(), signal.SIGKILL)\n");
  const Ended ended = Run({kCase, "--", "python3", script, "{socket}"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("the peer was killed by signal 9"));
  EXPECT_EQ(Report()["trouble_verdict"], "CRASH");
}

TEST_F(ExitCodes, Is3ForAPeerThatDiesInACase) {
  const Ended ended =
      RunAgainst("AbortsOnUnknownRequest", {"Header.Request0IsUnknown", kCase});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("CRASH  Header.Request0IsUnknown"));
  EXPECT_THAT(ended.out, ContainsRegex("last sent: .*request 0"));
  EXPECT_THAT(Report()["cases"][0]["transcript"], HasSubstr("> "));
  EXPECT_EQ(Report()["summary"]["passed"], 1) << ended.out;
}

TEST_F(ExitCodes, Is3ForAPeerThatDiesAtTheEndOfACaseThatPassed) {
  const Ended ended = RunAgainst("CrashesAtDisconnect", {kCase});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_EQ(Report()["cases"][0]["verdict"], "CRASH") << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("last sent: "));
}

TEST_F(ExitCodes, Is3ForAPeerThatHangs) {
  const Ended ended =
      RunAgainst("NeverAnswers", {kCase, "--deadline-ms", "100"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_EQ(Report()["trouble_verdict"], "HANG");
}

TEST_F(ExitCodes, Is4ForAPeerThatCannotStart) {
  const std::pair<const char*, const char*> rows[] = {
      {"/no/such/program", "/no/such/program"},
      {"/bin/false", "it ended with exit code 1"},
  };
  for (const auto& [program, hint] : rows) {
    const Ended ended = Run({kCase, "--", program, "{socket}"});
    EXPECT_EQ(ended.code, 4) << ended.out;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("TROUBLE"), HasSubstr(hint)));
    EXPECT_EQ(Report()["summary"]["not_run"], 1);
  }
}

TEST_F(ExitCodes, Is2ForAnUnknownManifestKey) {
  const std::string manifest =
      folder_.Write("p.toml",
                    "name = \"x\"\nfrobs = 1\n"
                    "[spawn]\nargv = [\"x\", \"{socket}\"]\n");
  const Ended ended = Run({kCase, "--peer", manifest});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("p.toml:2"), HasSubstr("frobs")));
}

TEST_F(ExitCodes, Is4ForAFilterThatSelectsNothing) {
  const Ended ended = Run({"Features.FirstMessageMayAskForThm"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr(std::string("did you mean ") + kCase));
  EXPECT_EQ(Report()["summary"]["selected"], 0);
}

TEST_F(ExitCodes, Is4ForAReportThatCannotBeWritten) {
  for (const char* option : {"--junit", "--out"}) {
    const Ended ended = Run({kCase, option, "/dev/null/x"});
    EXPECT_EQ(ended.code, 4) << option;
    EXPECT_THAT(ended.err,
                AllOf(HasSubstr("/dev/null/x"), HasSubstr("choose a place")));
  }
}

TEST_F(ExitCodes, Is4WithAReportForARunThatIsTerminated) {
  const std::string fifo = folder_.path() + "/started";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Program program({"run", kCase, "--json", report_path(), "--deadline-ms",
                   "3600000", "--", "sh", "-c",
                   "echo > \"$0\" && exec \"$1\" serve --socket \"$2\" "
                   "--fault NeverAnswers",
                   fifo, VUSPEC_PROGRAM, "{socket}"},
                  {{"TMPDIR", tmpdir()}});
  // Blocks until the peer has written to it.
  EXPECT_EQ(ReadFile(fifo), "\n");
  // The second one does not wait for what is under way.
  ::kill(program.pid(), SIGTERM);
  ::kill(program.pid(), SIGTERM);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.code, 4) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  interrupted"));
  EXPECT_EQ(Report()["trouble"], "interrupted");
  ExpectNothingLeft();
}

}  // namespace
}  // namespace vuspec
