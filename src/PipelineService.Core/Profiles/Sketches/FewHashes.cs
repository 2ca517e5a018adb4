namespace PipelineService.Core.Profiles.Sketches;

/// <summary>A set of hashes as long as they are few.</summary>
internal sealed class FewHashes
{
    public const int CountMax = 256;

    private const int Places = CountMax * 2;

    private readonly ulong[] _hashes = new ulong[Places]; // 0 is empty

    public int Count { get; private set; }

    public IEnumerable<ulong> Hashes => _hashes.Where(hash => hash != 0);

    /// <returns>False when it would be one too many.</returns>
    public bool TryAdd(ulong hash)
    {
        hash = hash == 0 ? 1 : hash;
        int place = (int)hash & (Places - 1);
        while (_hashes[place] != hash)
        {
            if (_hashes[place] == 0)
            {
                if (Count == CountMax)
                {
                    return false;
                }

                _hashes[place] = hash;
                Count++;
                return true;
            }

            place = (place + 1) & (Places - 1);
        }

        return true;
    }
}
