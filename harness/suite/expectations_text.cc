#include "harness/suite/expectations_text.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace vuspec {
namespace {

constexpr std::size_t kNone = std::string::npos;

bool StartsWith(const std::string& line, std::string_view start) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at != kNone && line.compare(at, start.size(), start) == 0;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? ' ' : c;
  }
  return quoted + "\"";
}

// Past the string that begins at `at`; kNone: it does not end on its line.
std::size_t EndOfString(const std::string& text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote) return at + 1;
    if (text[at] == '\\' && quote == '"') ++at;
  }
  return kNone;
}

// A case, a comment, or a case and the comment behind it.
struct Row {
  std::string quoted;
  std::string comment;
};

// A single case stands on the line of its key.
Lines Layout(const std::string& key, const std::vector<Row>& rows,
             const std::string& behind) {
  if (rows.size() == 1 && rows[0].comment.empty()) {
    return {absl::StrCat(key, "[", rows[0].quoted, "]", behind)};
  }
  Lines lines = {key + "["};
  for (const Row& row : rows) {
    const char* comma = row.quoted.empty() ? "" : ",";
    const char* gap = row.quoted.empty() || row.comment.empty() ? "" : "  ";
    lines.push_back(absl::StrCat("  ", row.quoted, comma, gap, row.comment));
  }
  lines.push_back("]" + behind);
  return lines;
}

// Reads the list from behind its "[" to its "]", and fills rows on the way.
class ListReader {
 public:
  ListReader(const std::string& text, std::size_t at,
             const std::vector<Cases>& instead)
      : text_(text), at_(at), instead_(instead) {}

  // Where the "]" is; kNone: the list is not what was expected.
  std::size_t Read() {
    for (; at_ < text_.size(); ++at_) {
      switch (text_[at_]) {
        case '\n':
          StartLine();
          break;
        case '#':
          TakeComment();
          break;
        case '"':
        case '\'':
          if (!TakeCase()) return kNone;
          break;
        case ']':
          return taken_ == instead_.size() ? at_ : kNone;
        default:
          break;
      }
    }
    return kNone;
  }

  const std::vector<Row>& rows() const { return rows_; }

 private:
  void StartLine() {
    taken_before_line_ = taken_;
    rows_before_line_ = rows_.size();
  }

  void TakeComment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string comment = text_.substr(at_, end - at_);
    at_ = end - 1;
    if (taken_ == taken_before_line_) {
      rows_.push_back({.quoted = "", .comment = std::move(comment)});
    } else if (rows_.size() > rows_before_line_) {
      rows_.back().comment = std::move(comment);
    }
  }

  bool TakeCase() {
    const std::size_t end = EndOfString(text_, at_);
    if (end == kNone || taken_ == instead_.size()) return false;
    at_ = end - 1;
    for (const std::string& name : instead_[taken_]) {
      rows_.push_back({.quoted = Quoted(name), .comment = ""});
    }
    ++taken_;
    return true;
  }

  const std::string& text_;
  std::size_t at_;
  const std::vector<Cases>& instead_;
  std::size_t taken_ = 0;
  std::size_t taken_before_line_ = 0;
  std::size_t rows_before_line_ = 0;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Lines> EntryBlocks(const std::string& text) {
  std::vector<Lines> blocks(1);
  for (std::string& line : Lines(absl::StrSplit(text, '\n'))) {
    if (StartsWith(line, "[[xfail]]")) {
      Lines& before = blocks.back();
      auto comment = before.end();
      while (comment != before.begin() && StartsWith(*(comment - 1), "#")) {
        --comment;
      }
      Lines block(comment, before.end());
      before.erase(comment, before.end());
      blocks.push_back(std::move(block));
    }
    blocks.back().push_back(std::move(line));
  }
  return blocks;
}

std::optional<Lines> WithCases(const Lines& block,
                               const std::vector<Cases>& instead) {
  const auto key = std::find_if(
      block.begin(), block.end(),
      [](const std::string& line) { return StartsWith(line, "cases"); });
  const std::string text = absl::StrJoin(key, block.end(), "\n");
  const std::size_t open = text.find('[');
  if (open == kNone) return std::nullopt;
  ListReader reader(text, open + 1, instead);
  const std::size_t close = reader.Read();
  if (close == kNone) return std::nullopt;
  Lines changed(block.begin(), key);
  const Lines rest = absl::StrSplit(text.substr(close + 1), '\n');
  const Lines list = Layout(text.substr(0, open), reader.rows(), rest.front());
  changed.insert(changed.end(), list.begin(), list.end());
  changed.insert(changed.end(), rest.begin() + 1, rest.end());
  return changed;
}

Lines NewEntryBlock(const Cases& cases, const std::string& match) {
  std::vector<Row> rows;
  for (const std::string& name : cases) {
    rows.push_back({.quoted = Quoted(name), .comment = ""});
  }
  Lines block = Layout("cases  = ", rows, "");
  block.insert(block.begin(), "[[xfail]]");
  block.push_back("match  = " + Quoted(match));
  block.push_back("reason = \"\"  # say why, and where it is written up");
  block.push_back("");
  return block;
}

}  // namespace vuspec
