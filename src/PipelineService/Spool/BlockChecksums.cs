using System.Globalization;
using System.IO.Hashing;

namespace PipelineService.Spool;

/// <summary>
/// Checksums of an upload's bytes in blocks, taken while they are written and kept in the manifest. They tell a disk that
/// gives back something else apart from data that a client sent like that.
/// </summary>
/// <remarks>
/// XXH3 with 64 bits: damage is to be noticed, not forgery. With 8 MiB a block the largest upload (1 TiB) has 131,072 of
/// them, 1 MiB in memory.
/// </remarks>
internal sealed class BlockChecksums
{
    public const int BlockBytes = 8 << 20;

    private readonly List<string> _blocks = [];
    private readonly XxHash3 _hash = new();
    private int _inBlock;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> part = bytes[..Math.Min(bytes.Length, BlockBytes - _inBlock)];
            _hash.Append(part);
            _inBlock += part.Length;
            bytes = bytes[part.Length..];
            if (_inBlock == BlockBytes)
            {
                Close();
            }
        }
    }

    /// <summary>The checksum of every block, the last one perhaps short. To be called once, at the end.</summary>
    public IReadOnlyList<string> Finish()
    {
        if (_inBlock > 0)
        {
            Close();
        }

        return _blocks;
    }

    private void Close()
    {
        _blocks.Add(_hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture));
        _hash.Reset();
        _inBlock = 0;
    }
}
