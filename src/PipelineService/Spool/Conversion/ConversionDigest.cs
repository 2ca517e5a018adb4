using System.Buffers.Binary;

namespace PipelineService.Spool.Conversion;

/// <summary>What a conversion has made: so many bytes, and their checksum.</summary>
public sealed record ConversionDigest(long Bytes, byte[] Hash)
{
    /// <summary>As a converter tells it: the number of bytes (64 bits, little-endian), then the checksum (128).</summary>
    internal const int WrittenBytes = sizeof(long) + 16;

    internal static ConversionDigest Read(ReadOnlySpan<byte> written) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(written), written[sizeof(long)..WrittenBytes].ToArray());

    public bool Equals(ConversionDigest? other) => other is not null && Bytes == other.Bytes && Hash.AsSpan().SequenceEqual(other.Hash);

    public override int GetHashCode() => Bytes.GetHashCode();
}
