// The message table as a page for people: MESSAGES.md.
#ifndef VUSPEC_PROTOCOL_MESSAGES_PAGE_H_
#define VUSPEC_PROTOCOL_MESSAGES_PAGE_H_

#include <string>

namespace vuspec::protocol {

// The whole page, in Markdown, derived from messages.def.
std::string MessagesPage();

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_MESSAGES_PAGE_H_
