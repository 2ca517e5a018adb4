using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>
/// The values of one column in some rows, without the NULLs, and what is made of them on the way: so many at once that the loops over them
/// keep what they count with in registers, and so few that they stay in the nearest cache.
/// </summary>
internal sealed class ColumnValues
{
    /// <summary>Rows of some 100 bytes, so many, stay in the nearest cache.</summary>
    public const int CountMax = 256;

    private readonly (int Start, int Length)[] _values = new (int, int)[CountMax];
    private readonly ulong[] _hashes = new ulong[CountMax];
    private readonly int[] _sample = new int[CountMax];
    private int _sampleCount;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Where each begins in the rows, and its bytes.</summary>
    public ReadOnlySpan<(int Start, int Length)> Values => _values.AsSpan(0, Count);

    /// <summary>A place for the hash of each.</summary>
    public Span<ulong> Hashes => _hashes.AsSpan(0, Count);

    /// <summary>Which of them are looked at more closely.</summary>
    public ReadOnlySpan<int> Sample => _sample.AsSpan(0, _sampleCount);

    /// <summary>Finds the values of the next column.</summary>
    /// <param name="bytes">The rows.</param>
    /// <param name="places">Where in them the value of each row begins, with its length; afterwards where it ends.</param>
    /// <param name="sampled">1 for a row that is looked at more closely, else 0.</param>
    public void Take(ReadOnlySpan<byte> bytes, Span<int> places, ReadOnlySpan<byte> sampled)
    {
        (int count, int sampleCount) = (0, 0);
        (int, int)[] values = _values;
        int[] sample = _sample;
        for (int i = 0; i < places.Length; i++)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes[places[i]..]);
            int start = places[i] + sizeof(int);
            if (length < 0)
            {
                places[i] = start;
                continue;
            }

            values[count] = (start, length);
            sample[sampleCount] = count++;
            sampleCount += sampled[i]; // without a branch, which would be guessed wrong every eighth time
            places[i] = start + length;
        }

        (Count, _sampleCount) = (count, sampleCount);
    }

    /// <summary>The first eight bytes of a value, as <see cref="ValueHash.WordOf"/> has them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong WordOf(ReadOnlySpan<byte> bytes, int index)
    {
        (int start, int length) = _values[index];
        if (start > bytes.Length - sizeof(ulong))
        {
            return ValueHash.WordOf(bytes.Slice(start, length));
        }

        // What stands behind a shorter one is read as well, and taken away: its length is not asked for, which could not be guessed.
        ulong mask = length >= sizeof(ulong) ? ulong.MaxValue : (1UL << (8 * length)) - 1;
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes[start..]) & mask;
    }

    /// <summary>The bytes of a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> bytes, int index) => bytes.Slice(_values[index].Start, _values[index].Length);
}
