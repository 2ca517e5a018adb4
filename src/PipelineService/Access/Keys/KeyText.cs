using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace PipelineService.Access.Keys;

/// <summary>
/// The text of a key: <c>pls_</c>, the key's id (26 characters), its secret (52: 256 random bits), and a checksum of all that (7).
/// Lower-case letters and digits alone (RFC 4648, base 32), so that a double click takes it whole, and with a beginning and a
/// checksum by which scanners of repositories and logs find it without false alarms: <c>pls_[a-z2-7]{85}</c>.
/// </summary>
internal static class KeyText
{
    public const string Prefix = "pls_";
    public const int Length = 89;
    public const int SecretBytes = 32;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const int BitsOfCharacter = 5;
    private const int IdLength = 26;
    private const int ChecksumLength = 7;

    /// <summary>A new secret for a key.</summary>
    public static string Make(Guid id)
    {
        StringBuilder text = new(Prefix, Length);
        Span<byte> secret = stackalloc byte[SecretBytes];
        RandomNumberGenerator.Fill(secret);
        Append(text, id.ToByteArray(bigEndian: true));
        Append(text, secret);
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        WriteChecksum(Encoding.ASCII.GetBytes(text.ToString()), checksum);
        Append(text, checksum);
        CryptographicOperations.ZeroMemory(secret);
        return text.ToString();
    }

    /// <summary>
    /// Whether this can be a key at all, and which. False for nearly everything that was cut, mistyped or made up, so that nobody
    /// looks for it.
    /// </summary>
    /// <param name="ascii">Takes the bytes of the text, <see cref="Length"/> of them.</param>
    public static bool TryRead(ReadOnlySpan<char> text, Span<byte> ascii, out Guid id)
    {
        id = Guid.Empty;
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal)
            || Ascii.FromUtf16(text, ascii, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (!TryDecode(text.Slice(Prefix.Length, IdLength), bytes))
        {
            return false;
        }

        Span<byte> written = stackalloc byte[sizeof(uint)];
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        WriteChecksum(ascii[..(Length - ChecksumLength)], checksum);
        if (!TryDecode(text[^ChecksumLength..], written) || !written.SequenceEqual(checksum))
        {
            return false;
        }

        id = new Guid(bytes, bigEndian: true);
        return true;
    }

    private static void WriteChecksum(ReadOnlySpan<byte> text, Span<byte> checksum) => Crc32.Hash(text, checksum);

    private static void Append(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        int buffer = 0;
        int bits = 0;
        foreach (byte value in bytes)
        {
            buffer = (buffer << 8) | value;
            bits += 8;
            while (bits >= BitsOfCharacter)
            {
                bits -= BitsOfCharacter;
                text.Append(Alphabet[(buffer >> bits) & 31]);
            }

            buffer &= (1 << bits) - 1;
        }

        if (bits > 0)
        {
            text.Append(Alphabet[(buffer << (BitsOfCharacter - bits)) & 31]);
        }
    }

    /// <summary>Only what <see cref="Append"/> writes: no two texts have the same bytes.</summary>
    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        int buffer = 0;
        int bits = 0;
        int at = 0;
        foreach (char character in text)
        {
            int value = character is >= 'a' and <= 'z' ? character - 'a' : character is >= '2' and <= '7' ? character - '2' + 26 : -1;
            if (value < 0)
            {
                return false;
            }

            buffer = (buffer << BitsOfCharacter) | value;
            bits += BitsOfCharacter;
            if (bits >= 8)
            {
                bits -= 8;
                bytes[at++] = (byte)(buffer >> bits);
                buffer &= (1 << bits) - 1;
            }
        }

        return at == bytes.Length && buffer == 0;
    }
}
