using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Spool.Conversion;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// What an attempt reads of an upload: the bytes that were sent where nothing has to be undone, else what they say. One reader goes
/// through them; what is read a second time has readers of its own.
/// </summary>
public sealed class UploadContent : IDisposable
{
    /// <summary>Readers for what is read again, each where it was left: more than two are seldom of use, and each has a window.</summary>
    private const int IdleMax = 2;

    private readonly SpoolReader _upload;
    private readonly UploadCodings _codings;
    private readonly DecodingLimits _limits;
    private readonly Lock _lock = new();
    private readonly List<IdleReader> _idle = [];
    private readonly DecodedUpload? _decoded;
    private readonly ConvertedUpload? _converted;
    private bool _isDisposed;

    private UploadContent(SpoolReader upload, UploadCodings codings, SpoolOptions options)
    {
        (_upload, _codings, CodingName) = (upload, codings, codings.Name);
        _limits = new DecodingLimits(options.DecodedBytesMax, options.DecodedRatioMax, SpoolOptions.DecodedRatioFrom);
        _decoded = codings.IsNone ? null : new DecodedUpload(upload, codings, _limits);
    }

    private UploadContent(SpoolReader upload, ConvertedUpload converted, FormatRow format)
    {
        (_upload, _codings, _converted) = (upload, UploadCodings.None, converted);
        CodingName = DefinitionWords.Formats.WordFor(format.Form.Format);
    }

    /// <summary>Whether anything has to be undone.</summary>
    public bool IsCoded => _decoded is not null || _converted is not null;

    /// <summary>Whether nothing is known to be right before all of it is read.</summary>
    public bool IsProvenAtItsEnd => _codings.IsCompressed || _converted is not null;

    /// <summary>Whether it is converted: then it is looked through as it is.</summary>
    public bool IsConverted => _converted is not null;

    /// <summary>What has to be undone: see <see cref="UploadCodings.Name"/>; of what is converted the format.</summary>
    public string CodingName { get; }

    /// <summary>What the attempt goes through.</summary>
    public IDecodedBytes Bytes => _decoded is not null ? _decoded : _converted is not null ? _converted : _upload;

    /// <summary>Where the first bytes tell, waits for these.</summary>
    /// <exception cref="UploadAbandonedException">The upload broke off before.</exception>
    public static async ValueTask<UploadContent> OpenAsync(
        SpoolReader upload, UploadCodings codings, SpoolOptions options, CancellationToken cancellationToken)
    {
        bool isPlain = codings.DependsOnStart && await FindAsync(upload, cancellationToken) is null;
        return new UploadContent(upload, isPlain ? codings with { OfFile = null } : codings, options);
    }

    /// <summary>Of an upload that is converted, what is made of it.</summary>
    internal static UploadContent Of(SpoolReader upload, ConvertedUpload converted, FormatRow format) => new(upload, converted, format);

    /// <summary>
    /// How many of the bytes sent so many decoded ones are, about: those of which none has been decoded yet are not known.
    /// </summary>
    public long SentOf(long decoded) => _converted is { } made
        ? made.IsWhole ? (long)((double)decoded * _upload.Length / Math.Max(1, made.Length)) : 0
        : _decoded is { Length: > 0 } reader
        ? (long)((double)decoded * reader.Taken / reader.Length)
        : _decoded is null ? decoded : 0;

    /// <summary>Decodes all of a sealed upload to nowhere: afterwards it is known that nothing is wrong with it.</summary>
    /// <exception cref="Hosting.JobFaultException">Something is.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        if (_converted is not null)
        {
            await _converted.WhenWholeAsync(cancellationToken);
        }

        if (!_codings.IsCompressed)
        {
            return;
        }

        using DecodedUpload reader = new(_upload, _codings, _limits);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(64 << 10);
        for (long offset = 0; !reader.IsEnd(offset);)
        {
            int read = await reader.ReadAsync(buffer, offset, cancellationToken);
            offset += read;
            if (read == 0 && !reader.IsEnd(offset))
            {
                throw new InvalidOperationException($"A sealed upload gives nothing at {offset}.");
            }
        }
    }

    /// <summary>Reads a range that has been read before. Several may do so at once.</summary>
    /// <exception cref="InvalidOperationException">It ends before.</exception>
    public async Task ReadAgainAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        DecodedUpload? reader = _decoded is not null ? Take(offset) : null;
        try
        {
            IDecodedBytes bytes = reader is null ? Bytes : reader;
            while (!buffer.IsEmpty)
            {
                int read = await bytes.ReadAsync(buffer, offset, cancellationToken);
                if (read == 0)
                {
                    throw new InvalidOperationException($"The spool ends at {offset}, before what was read of it.");
                }

                buffer = buffer[read..];
                offset += read;
            }
        }
        finally
        {
            Return(reader, offset);
        }
    }

    public void Dispose()
    {
        _decoded?.Dispose();
        _converted?.Dispose();
        lock (_lock)
        {
            _isDisposed = true;
            _idle.ForEach(idle => idle.Reader.Dispose());
            _idle.Clear();
        }
    }

    /// <summary>The one that has the shortest way to go: chunks are read again in the order of the data, for the most part.</summary>
    private DecodedUpload Take(long offset)
    {
        lock (_lock)
        {
            IdleReader? nearest = _idle.Where(idle => idle.Offset <= offset).MaxBy(idle => idle.Offset);
            return nearest is not null && _idle.Remove(nearest) ? nearest.Reader : new DecodedUpload(_upload, _codings, _limits);
        }
    }

    private void Return(DecodedUpload? reader, long offset)
    {
        if (reader is null)
        {
            return;
        }

        lock (_lock)
        {
            _idle.Add(new IdleReader(reader, offset));
            if (_idle.Count > (_isDisposed ? 0 : IdleMax))
            {
                IdleReader last = _idle.MinBy(idle => idle.Offset)!;
                _idle.Remove(last);
                last.Reader.Dispose();
            }
        }
    }

    private static async ValueTask<ContentCoding?> FindAsync(SpoolReader upload, CancellationToken cancellationToken)
    {
        byte[] start = new byte[SignatureDecoder.BytesLooked];
        int read = 0;
        while (read < start.Length && await upload.WaitForBytesAsync(read, cancellationToken))
        {
            read += await upload.ReadAsync(start.AsMemory(read), read, cancellationToken);
        }

        upload.ThrowIfAbandoned();
        return SignatureDecoder.Of(start.AsSpan(0, read));
    }

    /// <param name="Offset">Where it was left.</param>
    private sealed record IdleReader(DecodedUpload Reader, long Offset);
}
