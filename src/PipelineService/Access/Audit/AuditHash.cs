using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace PipelineService.Access.Audit;

/// <summary>An entry as the database has it: what is hashed.</summary>
/// <param name="At">UTC. Hashed as whole microseconds, which is what PostgreSQL stores.</param>
/// <param name="Address">As PostgreSQL's <c>host()</c> writes it.</param>
/// <param name="Detail">As PostgreSQL writes its <c>jsonb</c>.</param>
public readonly record struct StoredEntry(
    Guid Id, DateTime At, string Actor, string Action, string Object, string? Dataset, string Outcome, string? Address, string Detail);

/// <summary>
/// The canonical form of an entry, and the hash that links it to the one before. No two entries have the same form: fields come in
/// one order, and each text with its length before it.
/// </summary>
/// <remarks>
/// 1. the id, 16 bytes in the order in which it is written. 2. <c>at</c>, microseconds since 1970, 8 bytes. 3. actor, action, object,
/// dataset, outcome, ip and detail, each as 4 bytes with its length in UTF-8 and then that; -1 and nothing for NULL. All numbers are
/// big-endian.
/// </remarks>
public static class AuditHash
{
    public const int Bytes = SHA256.HashSizeInBytes;

    private const int FixedBytes = 16 + sizeof(long);

    /// <summary>What stands before the first entry.</summary>
    public static byte[] Beginning { get; } = new byte[Bytes];

    /// <summary>SHA-256 over the hash before and the entry's canonical form.</summary>
    public static byte[] Of(ReadOnlySpan<byte> prev, in StoredEntry entry)
    {
        ArrayBufferWriter<byte> text = new(512);
        text.Write(prev);
        Write(entry, text);
        return SHA256.HashData(text.WrittenSpan);
    }

    /// <summary>The canonical form.</summary>
    public static void Write(in StoredEntry entry, IBufferWriter<byte> target)
    {
        Span<byte> beginning = target.GetSpan(FixedBytes);
        entry.Id.TryWriteBytes(beginning, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(beginning[16..], MicrosecondsOf(entry.At));
        target.Advance(FixedBytes);
        Write(entry.Actor, target);
        Write(entry.Action, target);
        Write(entry.Object, target);
        Write(entry.Dataset, target);
        Write(entry.Outcome, target);
        Write(entry.Address, target);
        Write(entry.Detail, target);
    }

    internal static long MicrosecondsOf(DateTime at) => (at.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private static void Write(string? text, IBufferWriter<byte> target)
    {
        int length = text is null ? -1 : Encoding.UTF8.GetByteCount(text);
        Span<byte> field = target.GetSpan(sizeof(int) + Math.Max(length, 0));
        BinaryPrimitives.WriteInt32BigEndian(field, length);
        if (text is not null)
        {
            Encoding.UTF8.GetBytes(text, field[sizeof(int)..]);
        }

        target.Advance(sizeof(int) + Math.Max(length, 0));
    }
}
