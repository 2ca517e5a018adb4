using System.Buffers.Binary;

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

    public static ulong Of(long value) => Fold(Fold((ulong)value ^ Odd, Other) ^ Third, Odd);

    public static ulong Of(ReadOnlySpan<byte> value)
    {
        ulong hash = (ulong)value.Length * Odd;
        while (value.Length > sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(value), Other);
            value = value[sizeof(ulong)..];
        }

        return Fold(Fold(hash ^ Rest(value), Third) ^ Other, Odd);
    }

    /// <summary>The last eight bytes or fewer.</summary>
    private static ulong Rest(ReadOnlySpan<byte> value)
    {
        switch (value.Length)
        {
            case sizeof(ulong):
                return BinaryPrimitives.ReadUInt64LittleEndian(value);
            case >= sizeof(uint):
                return BinaryPrimitives.ReadUInt32LittleEndian(value)
                    | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(value[^sizeof(uint)..]) << 32);
            case > 0:
                return value[0] | ((ulong)value[value.Length >> 1] << 8) | ((ulong)value[^1] << 16);
            default:
                return 0;
        }
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
