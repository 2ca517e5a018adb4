using System.Numerics;

namespace PipelineService.Access.Tokens;

/// <summary>
/// Knows the RSA keys of a chip library that made primes of one form, which can be told from outside and factored (ROCA, CVE-2017-15361):
/// modulo each small prime they are a power of 65537. Of sound keys one in two hundred million is so.
/// </summary>
/// <remarks>M. Nemec et al., The Return of Coppersmith's Attack, CCS 2017, section 3.</remarks>
internal static class WeakModulus
{
    private const int Generator = 65_537;

    private static readonly (int Prime, HashSet<int> Powers)[] Marks =
    [
        .. new[] { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157 }.Select(prime => (prime, PowersModulo(prime))),
    ];

    public static bool Is(BigInteger modulus) =>
        Array.TrueForAll(Marks, mark => mark.Powers.Contains((int)(modulus % mark.Prime)));

    private static HashSet<int> PowersModulo(int prime)
    {
        HashSet<int> powers = [];
        for (int power = 1; powers.Add(power); power = power * (Generator % prime) % prime)
        {
        }

        return powers;
    }
}
