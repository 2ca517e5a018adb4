using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace PipelineService.Core.Profiles.Sketches;

/// <summary>
/// The hash of values in sketches: multiply and fold, eight bytes at a time, as wyhash does it. The same in every process and for ever,
/// because what it has gone into is written down and merged with what others have made.
/// </summary>
/// <remarks>Source of the method: https://github.com/wangyi-fudan/wyhash.</remarks>
internal static class ValueHash
{
    private const ulong Odd = 0xa0761d6478bd642f;
    private const ulong Other = 0xe7037ed1a0b428db;
    private const ulong Third = 0x8ebc6af09c88c6e3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(long value) => Fold(Fold((ulong)value ^ Odd, Other) ^ Third, Odd);

    public static ulong Of(ReadOnlySpan<byte> value)
    {
        ulong hash = (ulong)value.Length * Odd;
        while (value.Length > sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(value), Other);
            value = value[sizeof(ulong)..];
        }

        return End(hash, WordOf(value));
    }

    /// <summary>The same of a value of eight bytes at most.</summary>
    /// <param name="word">It, as <see cref="WordOf"/> has it.</param>
    /// <param name="length">Its bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong word, int length) => End((ulong)length * Odd, word);

    /// <summary>The first eight bytes, the first of them lowest; of a shorter value the rest is 0.</summary>
    public static ulong WordOf(ReadOnlySpan<byte> value)
    {
        int length = value.Length;
        switch (length)
        {
            case >= sizeof(ulong):
                return BinaryPrimitives.ReadUInt64LittleEndian(value);
            case >= sizeof(uint):
                ulong end = BinaryPrimitives.ReadUInt32LittleEndian(value[^sizeof(uint)..]);
                return BinaryPrimitives.ReadUInt32LittleEndian(value) | (end << (8 * (length - sizeof(uint))));
            case > 0:
                return value[0] | ((ulong)value[length >> 1] << (8 * (length >> 1))) | ((ulong)value[^1] << (8 * (length - 1)));
            default:
                return 0;
        }
    }

    private static ulong End(ulong hash, ulong word) => Fold(Fold(hash ^ word, Third) ^ Other, Odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
