// Windows' library of this name, with the one function of it that Rust's standard library uses. Wine 8 does not have it.

#include <windows.h>
#include <ntsecapi.h>

// Fills `data` with `length` random bytes.
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    // The random numbers of the same generator. Each call fills less than 4 GiB.
    return RtlGenRandom(data, (ULONG)length);
}
