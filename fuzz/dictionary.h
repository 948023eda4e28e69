// The dictionaries of the fuzzers, made from the message table.
//
// fuzz/vhost_user.dict: headers of all messages and replies, and the numbers
// that mean something. fuzz/vu_file.dict: the words of the .vu format. A test
// keeps the files equal to what these functions say; make_dictionary writes
// them.
#ifndef VUSPEC_FUZZ_DICTIONARY_H_
#define VUSPEC_FUZZ_DICTIONARY_H_

#include <string>

namespace vuspec::fuzz {

std::string MessageDictionary();
std::string VuDictionary();

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_DICTIONARY_H_
