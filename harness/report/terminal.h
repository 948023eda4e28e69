// What may be written to a terminal: colours where they are wanted, and no
// control character of a peer anywhere.
//
// Contract: pure, except for ForStream, which looks at the stream and at the
// environment (NO_COLOR, TERM).
#ifndef VUSPEC_HARNESS_REPORT_TERMINAL_H_
#define VUSPEC_HARNESS_REPORT_TERMINAL_H_

#include <cstdio>
#include <string>
#include <string_view>

#include "harness/report/result.h"

namespace vuspec {

struct Terminal {
  bool interactive = false;  // lines may be overwritten
  bool colour = false;

  // Interactive: a terminal that is not dumb. Colour: that, and NO_COLOR is
  // unset or empty (no-color.org).
  static Terminal ForStream(std::FILE* stream);

  // `text` in the colour of the verdict, or as it is.
  std::string Paint(Verdict verdict, std::string_view text) const;
};

// UTF-8 is kept, line feeds and tabs too; other control characters and bytes
// that are not UTF-8 become "\x1b" and the like, so a peer cannot write to
// our terminal, and every report is valid text.
std::string Printable(std::string_view text);

// Each line of `text` after `margin`; ends in a line feed unless empty.
std::string Indent(std::string_view text, std::string_view margin);

// The last `count` lines.
std::string LastLines(std::string_view text, std::size_t count);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_TERMINAL_H_
