#include "core/platform.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <io.h>
#include <windows.h>

#include "core/memory.h"

namespace xnnir {

namespace {

uint64_t round_up(uint64_t size, uint64_t multiple) { return (size + multiple - 1) / multiple * multiple; }

DWORD low(uint64_t number) { return static_cast<DWORD>(number); }
DWORD high(uint64_t number) { return static_cast<DWORD>(number >> 32); }
uint64_t joined(DWORD high, DWORD low) { return static_cast<uint64_t>(high) << 32 | low; }
uint64_t ticks(const FILETIME &time) { return joined(time.dwHighDateTime, time.dwLowDateTime); }

// Paths are UTF-8; what is not is in the code page of the process, as main() gets its arguments.
std::wstring wide(const std::string &path) {
  const int length = static_cast<int>(path.size());
  for (const UINT page : {static_cast<UINT>(CP_UTF8), static_cast<UINT>(CP_ACP)}) {
    const DWORD flags = page == CP_UTF8 ? MB_ERR_INVALID_CHARS : 0;
    std::wstring text(
        static_cast<size_t>(std::max(MultiByteToWideChar(page, flags, path.data(), length, nullptr, 0), 0)),
        L'\0');
    if (!text.empty() || path.empty()) {
      MultiByteToWideChar(page, flags, path.data(), length, text.data(), static_cast<int>(text.size()));
      return text;
    }
  }
  return {};
}

std::string narrow(const wchar_t *text, size_t length) {
  const int count = static_cast<int>(length);
  std::string bytes(static_cast<size_t>(std::max(
                        WideCharToMultiByte(CP_UTF8, 0, text, count, nullptr, 0, nullptr, nullptr), 0)),
                    '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, count, bytes.data(), static_cast<int>(bytes.size()), nullptr,
                      nullptr);
  return bytes;
}

std::string error_text(DWORD error) {
  wchar_t text[512];
  DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr, error, 0,
                                text, static_cast<DWORD>(std::size(text)), nullptr);
  while (length > 0 && (text[length - 1] <= L' ' || text[length - 1] == L'.'))
    --length;
  return length == 0 ? "error " + std::to_string(error) : narrow(text, length);
}

struct Handle {
  explicit Handle(HANDLE value = INVALID_HANDLE_VALUE) : value(value) {}
  Handle(Handle &&other) noexcept : value(std::exchange(other.value, INVALID_HANDLE_VALUE)) {}
  Handle &operator=(Handle &&) = delete;
  ~Handle() { close(); }
  bool is_open() const { return value != INVALID_HANDLE_VALUE && value != nullptr; }
  void close() {
    if (is_open())
      CloseHandle(std::exchange(value, INVALID_HANDLE_VALUE));
  }
  HANDLE value;
};

// Others may read, write, rename and delete what we have open, as on POSIX systems.
constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

// Addresses of mappings and offsets in files are multiples of it.
uint64_t allocation_granularity() {
  static const uint64_t size = [] {
    SYSTEM_INFO info = {};
    GetSystemInfo(&info);
    return static_cast<uint64_t>(std::max<DWORD>(info.dwAllocationGranularity, 4096));
  }();
  return size;
}

class WindowsMapping final : public MappedFile {
public:
  // Memory of a view of a file, or of VirtualAlloc() with a copy of it.
  WindowsMapping(void *address, bool is_view, Span<const uint8_t> bytes, std::string identity,
                 uint64_t offset)
      : address_(address), is_view_(is_view), bytes_(bytes), identity_(std::move(identity)), offset_(offset) {
  }
  WindowsMapping(const WindowsMapping &) = delete;
  WindowsMapping &operator=(const WindowsMapping &) = delete;
  ~WindowsMapping() override {
    if (is_view_)
      UnmapViewOfFile(address_);
    else
      VirtualFree(address_, 0, MEM_RELEASE);
  }

  Span<const uint8_t> bytes() const override { return bytes_; }
  const std::string &identity() const override { return identity_; }
  uint64_t offset() const override { return offset_; }

  void release(Span<const uint8_t> part) const override {
    const uintptr_t page = page_size();
    const uintptr_t begin = static_cast<uintptr_t>(round_up(reinterpret_cast<uintptr_t>(part.begin()), page));
    const uintptr_t end = reinterpret_cast<uintptr_t>(part.end()) / page * page;
    // Unlocking pages that are not locked takes them out of the working set.
    if (is_view_ && begin < end && part.begin() >= bytes_.begin() && part.end() <= bytes_.end())
      VirtualUnlock(reinterpret_cast<void *>(begin), end - begin);
  }

private:
  void *address_;
  bool is_view_;
  Span<const uint8_t> bytes_;
  std::string identity_;
  uint64_t offset_;
};

class WindowsPages final : public Pages {
public:
  WindowsPages(void *address, size_t size, bool is_view)
      : bytes_(static_cast<uint8_t *>(address), size), is_view_(is_view) {}
  WindowsPages(const WindowsPages &) = delete;
  WindowsPages &operator=(const WindowsPages &) = delete;
  ~WindowsPages() override {
    if (is_view_)
      UnmapViewOfFile(bytes_.data());
    else
      VirtualFree(bytes_.data(), 0, MEM_RELEASE);
  }

  Span<uint8_t> bytes() const override { return bytes_; }
  // Windows brings several pages at a time by itself.
  void populate(Span<uint8_t>) const override {}
  void make_read_only() const override {
    DWORD before = 0;
    VirtualProtect(bytes_.data(), bytes_.size(), PAGE_READONLY, &before);
  }

private:
  Span<uint8_t> bytes_;
  bool is_view_;
};

struct FileInfo {
  bool is_file = false;
  uint64_t size = 0;
  uint64_t modified = 0;
  std::string identity;
};

bool read_info(HANDLE file, FileInfo *info) {
  BY_HANDLE_FILE_INFORMATION fields = {};
  if (GetFileType(file) != FILE_TYPE_DISK)
    return true;
  if (!GetFileInformationByHandle(file, &fields))
    return false;
  // The time of any change, which the fields above lack.
  FILE_BASIC_INFO basic = {};
  GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof(basic));
  info->is_file = (fields.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
  info->size = joined(fields.nFileSizeHigh, fields.nFileSizeLow);
  const uint64_t changed = static_cast<uint64_t>(basic.ChangeTime.QuadPart);
  info->modified = std::max(ticks(fields.ftLastWriteTime), changed);
  for (const uint64_t number : {static_cast<uint64_t>(fields.dwVolumeSerialNumber),
                                joined(fields.nFileIndexHigh, fields.nFileIndexLow), info->size,
                                ticks(fields.ftLastWriteTime), changed})
    info->identity += (info->identity.empty() ? "" : ":") + std::to_string(number);
  return true;
}

// As on POSIX systems: whether the clock has moved on since the last change. Times count 100 ns; FAT rounds
// them to two seconds.
bool is_settled(const FileInfo &info) {
  FILETIME now = {};
  GetSystemTimeAsFileTime(&now);
  constexpr uint64_t kMillisecond = 10000;
  const uint64_t margin = info.modified % (1000 * kMillisecond) == 0 ? 3000 : 100;
  return info.modified + margin * kMillisecond < ticks(now);
}

Status check_path(const std::string &path) {
  if (path.find('\0') != std::string::npos)
    return make_status(StatusCode::kInvalidArgument, "the path has a null character, after '%s'",
                       path.c_str());
  return {};
}

bool read_fully(HANDLE file, uint64_t offset, uint8_t *data, size_t size) {
  while (size > 0) {
    OVERLAPPED place = {};
    place.Offset = low(offset);
    place.OffsetHigh = high(offset);
    DWORD count = 0;
    if (!ReadFile(file, data, static_cast<DWORD>(std::min<size_t>(size, 1u << 30)), &count, &place) ||
        count == 0)
      return false;
    data += count;
    size -= count;
    offset += count;
  }
  return true;
}

// `name` is for messages.
Result<std::shared_ptr<const MappedFile>> map_part(HANDLE file, uint64_t offset, uint64_t wanted,
                                                   const char *name) {
  FileInfo info;
  if (!read_info(file, &info))
    return make_status(StatusCode::kAccessFailed, "cannot read the size of %s: %s", name,
                       error_text(GetLastError()).c_str());
  if (!info.is_file)
    return make_status(StatusCode::kAccessFailed, "cannot load %s: it is not a regular file", name);
  if (info.size == 0)
    return make_status(StatusCode::kInvalidProgram, "%s is empty", name);
  if (offset >= info.size || wanted > info.size - offset)
    return make_status(StatusCode::kInvalidArgument,
                       "%s has %llu bytes, but %llu at offset %llu were asked for", name,
                       static_cast<unsigned long long>(info.size), static_cast<unsigned long long>(wanted),
                       static_cast<unsigned long long>(offset));
  const uint64_t part = wanted != 0 ? wanted : info.size - offset;
  if (part > SIZE_MAX / 2)
    return make_status(StatusCode::kMemoryAllocationFailed,
                       "cannot map %llu bytes of %s: addresses of this process have %zu bits",
                       static_cast<unsigned long long>(part), name, sizeof(void *) * 8);
  const size_t size = static_cast<size_t>(part);
  std::string identity = is_settled(info) ? info.identity : std::string();

  // A view ends with the page in which its last byte is. It has to have room for what is read beyond: bytes
  // that follow in the file, or those behind its end.
  const size_t before = static_cast<size_t>(offset % allocation_granularity());
  const uint64_t begin = offset - before;
  const uint64_t needed = before + uint64_t{size} + kOverReadBytes;
  if (needed <= round_up(info.size - begin, page_size())) {
    const Handle section(CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr));
    const size_t view = static_cast<size_t>(std::min(needed, info.size - begin));
    void *address = section.is_open()
                        ? MapViewOfFile(section.value, FILE_MAP_READ, high(begin), low(begin), view)
                        : nullptr;
    if (address == nullptr)
      return make_status(StatusCode::kAccessFailed, "cannot map %s: %s", name,
                         error_text(GetLastError()).c_str());
    return std::shared_ptr<const MappedFile>(std::make_shared<WindowsMapping>(
        address, true, Span<const uint8_t>(static_cast<const uint8_t *>(address) + before, size),
        std::move(identity), offset));
  }
  // Windows puts no memory of another kind behind a view, so the one file of thirty that lacks room is read.
  void *address = VirtualAlloc(nullptr, size + kOverReadBytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (address == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory for the %zu bytes of %s", size,
                       name);
  auto mapping = std::make_shared<WindowsMapping>(
      address, false, Span<const uint8_t>(static_cast<const uint8_t *>(address), size), std::move(identity),
      offset);
  if (!read_fully(file, offset, static_cast<uint8_t *>(address), size))
    return make_status(StatusCode::kAccessFailed, "cannot read %s: %s", name,
                       error_text(GetLastError()).c_str());
  DWORD protection = 0;
  VirtualProtect(address, size, PAGE_READONLY, &protection);
  return std::shared_ptr<const MappedFile>(std::move(mapping));
}

// Held by the process that writes the file. It is of a byte far behind the end, because locks keep others
// from reading and writing here.
bool lock(HANDLE file, DWORD flags = 0) {
  OVERLAPPED place = {};
  place.OffsetHigh = 0x7fffffff;
  return LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | flags, 0, 1, 0, &place) != 0;
}

constexpr wchar_t kNewSuffix[] = L".new";
// Others have to remove a file so often before it is locked.
constexpr int kMaxAttempts = 8;

// "<path>.<process>-<number>.new", of files that are not the one at `path` yet, or not any more.
std::wstring name_beside(const std::wstring &path) {
  static std::atomic<unsigned> counter{0};
  return path + L"." + std::to_wstring(GetCurrentProcessId()) + L"-" + std::to_wstring(counter++) +
         kNewSuffix;
}

void remove_abandoned(const std::wstring &path) {
  const size_t slash = path.find_last_of(L"/\\:");
  const std::wstring folder = slash == std::wstring::npos ? L"" : path.substr(0, slash + 1);
  const size_t prefix = path.size() - folder.size() + 1;
  WIN32_FIND_DATAW entry = {};
  HANDLE entries = FindFirstFileW((path + L".*" + kNewSuffix).c_str(), &entry);
  if (entries == INVALID_HANDLE_VALUE)
    return;
  do {
    const std::wstring name = entry.cFileName;
    const size_t suffix = std::size(kNewSuffix) - 1;
    if (name.size() <= prefix + suffix ||
        name.substr(prefix, name.size() - prefix - suffix).find_first_not_of(L"0123456789-") !=
            std::wstring::npos)
      continue;
    const std::wstring found = folder + name;
    // Deleted while it is locked: whoever has just made it waits for the lock, and sees then that it is gone.
    const Handle file(
        CreateFileW(found.c_str(), GENERIC_READ | DELETE, kShareAll, nullptr, OPEN_EXISTING, 0, nullptr));
    if (!file.is_open() || !lock(file.value, LOCKFILE_FAIL_IMMEDIATELY))
      continue;
    FILE_DISPOSITION_INFO disposition = {};
    disposition.DeleteFile = TRUE;
    SetFileInformationByHandle(file.value, FileDispositionInfo, &disposition, sizeof(disposition));
  } while (FindNextFileW(entries, &entry));
  FindClose(entries);
}

class WindowsNewFile final : public NewFile {
public:
  WindowsNewFile(Handle file, std::wstring path, std::wstring name)
      : file_(std::move(file)), path_(std::move(path)), name_(std::move(name)) {}
  ~WindowsNewFile() override {
    file_.close();
    // Fails while pages of it are in use; whoever makes the next file of this name removes it then.
    if (!published_)
      DeleteFileW(name_.c_str());
  }

  uint64_t size() const override { return size_; }

  Result<std::shared_ptr<const Pages>> append(size_t size) override {
    const uint64_t begin = size_;
    XNNIR_RETURN_IF_ERROR(grow(size_ + size));
    const Handle section(
        CreateFileMappingW(file_.value, nullptr, PAGE_READWRITE, high(size_), low(size_), nullptr));
    void *address = section.is_open()
                        ? MapViewOfFile(section.value, FILE_MAP_WRITE, high(begin), low(begin), size)
                        : nullptr;
    if (address == nullptr)
      return make_status(StatusCode::kOutOfResources, "cannot map %zu bytes of '%s': %s", size,
                         shown(name_).c_str(), error_text(GetLastError()).c_str());
    return std::shared_ptr<const Pages>(std::make_shared<WindowsPages>(address, size, true));
  }

  Status write(uint64_t offset, Span<const uint8_t> bytes) override {
    if (offset + bytes.size() > size_)
      XNNIR_RETURN_IF_ERROR(grow(offset + bytes.size()));
    size_t done = 0;
    while (done < bytes.size()) {
      OVERLAPPED place = {};
      place.Offset = low(offset + done);
      place.OffsetHigh = high(offset + done);
      DWORD count = 0;
      const DWORD wanted = static_cast<DWORD>(std::min<size_t>(bytes.size() - done, 1u << 30));
      if (!WriteFile(file_.value, bytes.data() + done, wanted, &count, &place) || count == 0)
        return failed(GetLastError());
      done += count;
    }
    return {};
  }

  Status publish() override {
    published_ = take_name();
    if (published_)
      return {};
    DWORD error = GetLastError();
    // A file that somebody has mapped cannot be replaced, but it can be renamed. It has no name for a moment
    // then, and one like that of an abandoned file until nobody has it mapped and the next is made.
    const std::wstring aside = name_beside(path_);
    if (MoveFileExW(path_.c_str(), aside.c_str(), 0)) {
      published_ = take_name();
      error = GetLastError();
      if (published_)
        DeleteFileW(aside.c_str());
      else
        MoveFileExW(aside.c_str(), path_.c_str(), 0);
    }
    if (published_)
      return {};
    return make_status(StatusCode::kAccessFailed, "cannot rename '%s' to '%s': %s", shown(name_).c_str(),
                       shown(path_).c_str(), error_text(error).c_str());
  }

private:
  bool take_name() const { return MoveFileExW(name_.c_str(), path_.c_str(), MOVEFILE_REPLACE_EXISTING) != 0; }

  static std::string shown(const std::wstring &path) { return narrow(path.data(), path.size()); }

  Status failed(DWORD error) const {
    const bool full =
        error == ERROR_DISK_FULL || error == ERROR_HANDLE_DISK_FULL || error == ERROR_FILE_TOO_LARGE;
    return make_status(full ? StatusCode::kOutOfResources : StatusCode::kAccessFailed,
                       "cannot write '%s': %s", shown(name_).c_str(), error_text(error).c_str());
  }

  // The end of a file that is not sparse takes the space before it.
  Status grow(uint64_t size) {
    LARGE_INTEGER end = {};
    end.QuadPart = static_cast<LONGLONG>(size);
    if (!SetFilePointerEx(file_.value, end, nullptr, FILE_BEGIN) || !SetEndOfFile(file_.value))
      return failed(GetLastError());
    size_ = size;
    return {};
  }

  Handle file_;
  std::wstring path_;
  std::wstring name_;
  uint64_t size_ = 0;
  bool published_ = false;
};

// Attributes alone, for which nobody need let us read.
bool read_info_of(const std::wstring &path, FileInfo *info) {
  const Handle file(CreateFileW(path.c_str(), FILE_READ_ATTRIBUTES, kShareAll, nullptr, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  return file.is_open() && read_info(file.value, info);
}

} // namespace

Result<std::shared_ptr<const MappedFile>> map_file(const std::string &path) {
  XNNIR_RETURN_IF_ERROR(check_path(path));
  // With FILE_FLAG_BACKUP_SEMANTICS folders open, too, and are told from files afterwards.
  const Handle file(CreateFileW(wide(path).c_str(), GENERIC_READ, kShareAll, nullptr, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, nullptr));
  if (!file.is_open()) {
    const DWORD error = GetLastError();
    const bool absent = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ||
                        error == ERROR_INVALID_NAME || error == ERROR_DIRECTORY;
    return make_status(absent ? StatusCode::kNotFound : StatusCode::kAccessFailed, "cannot open '%s': %s",
                       path.c_str(), error_text(error).c_str());
  }
  return map_part(file.value, 0, 0, ("'" + path + "'").c_str());
}

// A descriptor of the C library that this is linked with.
Result<std::shared_ptr<const MappedFile>> map_descriptor(int descriptor, uint64_t offset, uint64_t size) {
  const std::string name = "the file of descriptor " + std::to_string(descriptor);
#ifdef _MSC_VER
  // Visual C++'s library ends the process when a descriptor is none.
  const auto ignore = [](const wchar_t *, const wchar_t *, const wchar_t *, unsigned, uintptr_t) {};
  const auto handler = _set_thread_local_invalid_parameter_handler(ignore);
  const intptr_t handle = _get_osfhandle(descriptor);
  _set_thread_local_invalid_parameter_handler(handler);
#else
  const intptr_t handle = _get_osfhandle(descriptor);
#endif
  if (handle == -1 || handle == -2)
    return make_status(StatusCode::kAccessFailed, "cannot read the size of %s: it is not open", name.c_str());
  return map_part(reinterpret_cast<HANDLE>(handle), offset, size, name.c_str());
}

Result<std::shared_ptr<const Pages>> allocate_pages(size_t size) {
  const size_t mapped = static_cast<size_t>(round_up(std::max<size_t>(size, 1), page_size()));
  void *address =
      size > mapped ? nullptr : VirtualAlloc(nullptr, mapped, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (address == nullptr)
    return make_status(StatusCode::kMemoryAllocationFailed, "not enough memory for %zu bytes", size);
  return std::shared_ptr<const Pages>(std::make_shared<WindowsPages>(address, mapped, false));
}

Result<std::unique_ptr<NewFile>> create_file(const std::string &path) {
  XNNIR_RETURN_IF_ERROR(check_path(path));
  const std::wstring target = wide(path);
  const DWORD attributes = GetFileAttributesW(target.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
    return make_status(StatusCode::kAccessFailed, "'%s' is a folder, expected a file or nothing",
                       path.c_str());
  remove_abandoned(target);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::wstring name = name_beside(target);
    Handle file(CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr, CREATE_NEW,
                            FILE_ATTRIBUTE_NORMAL, nullptr));
    if (!file.is_open())
      return make_status(StatusCode::kAccessFailed, "cannot create '%s': %s",
                         narrow(name.data(), name.size()).c_str(), error_text(GetLastError()).c_str());
    // Until it is locked, another process may take it for abandoned: it locks and removes it.
    lock(file.value);
    FILE_STANDARD_INFO made = {};
    if (!GetFileInformationByHandleEx(file.value, FileStandardInfo, &made, sizeof(made)) ||
        (made.DeletePending == FALSE && made.NumberOfLinks > 0))
      return std::unique_ptr<NewFile>(std::make_unique<WindowsNewFile>(std::move(file), target, name));
  }
  return make_status(StatusCode::kAccessFailed, "cannot create a file beside '%s': others remove it",
                     path.c_str());
}

std::string file_identity(const std::string &path) {
  FileInfo info;
  return read_info_of(wide(path), &info) && info.is_file ? info.identity : std::string();
}

// Processes do not fork.
int process_id() { return static_cast<int>(GetCurrentProcessId()); }

size_t page_size() {
  static const size_t size = [] {
    SYSTEM_INFO info = {};
    GetSystemInfo(&info);
    return static_cast<size_t>(std::max<DWORD>(info.dwPageSize, 4096));
  }();
  return size;
}

size_t file_unit() { return static_cast<size_t>(allocation_granularity()); }

size_t usable_cpu_count() {
  DWORD_PTR process = 0, system = 0;
  size_t count = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system))
    for (; process != 0; process &= process - 1)
      ++count;
  // No mask where the process's threads are in several groups of processors.
  return count != 0 ? count : std::max(std::thread::hardware_concurrency(), 1u);
}

} // namespace xnnir
