using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PipelineService.Core.Lookups;

/// <summary>
/// The hash by which keys are found: multiply and fold, eight bytes at a time, as wyhash does it. Its seed is another in each process, so
/// that nobody can send keys which all fall into one place.
/// </summary>
/// <remarks>Source of the method: https://github.com/wangyi-fudan/wyhash.</remarks>
internal static class KeyHash
{
    private const ulong Odd = 0xa0761d6478bd642f;
    private const ulong Other = 0xe7037ed1a0b428db;

    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public static uint Of(ReadOnlySpan<byte> key)
    {
        ulong hash = Seed ^ ((ulong)key.Length * Odd);
        while (key.Length >= sizeof(ulong))
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key), Other);
            key = key[sizeof(ulong)..];
        }

        ulong rest = 0;
        for (int i = 0; i < key.Length; i++)
        {
            rest |= (ulong)key[i] << (8 * i);
        }

        hash = Fold(hash ^ rest, Odd);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
