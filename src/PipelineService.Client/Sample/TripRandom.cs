namespace PipelineService.Client.Sample;

/// <summary>
/// SplitMix64 started from (seed, row): every row is a pure function of the two, so that any row can be looked up without
/// making those before it. <see cref="Random"/> promises no sequence across versions, and needs its state.
/// </summary>
/// <remarks>Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
internal struct TripRandom(ulong seed, long row, ulong purpose)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private ulong _state = Mix(Mix(seed + purpose) + ((ulong)row * Gamma));

    public ulong Next()
    {
        _state += Gamma;
        return Mix(_state);
    }

    /// <summary>0 (inclusive) to <paramref name="limit"/> (exclusive).</summary>
    public int Below(int limit) => (int)(((UInt128)Next() * (ulong)limit) >> 64);

    /// <summary>0 (inclusive) to 1 (exclusive).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
