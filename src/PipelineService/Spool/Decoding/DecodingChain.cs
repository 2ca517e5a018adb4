using PipelineService.Core.Parsing.Charsets;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// The codings of an upload, undone one after the other: the one that was applied last comes first. Bytes go in as they come; what they
/// say comes out, and nothing is kept but a buffer and a window of each.
/// </summary>
internal sealed class DecodingChain : IDisposable
{
    private readonly DecodingStage[] _stages;
    private readonly DecodingLimits _limits;
    private UndecodableException? _fault;

    public DecodingChain(UploadCodings codings, DecodingLimits limits)
    {
        _limits = limits;
        List<DecodingStage> stages = [];
        foreach (ContentCoding coding in codings.OfRequest.Reverse())
        {
            stages.Add(new DecodingStage(ContentCodings.TokenOf(coding), DecoderOf(coding)));
        }

        if (codings.OfFile is { } file)
        {
            stages.Add(new DecodingStage(
                file.Coding is { } known ? ContentCodings.TokenOf(known) : "compressed",
                file.Coding is { } coding ? DecoderOf(coding) : new SignatureDecoder()));
        }

        if (Transcoding.Of(codings.OfText) is { } text)
        {
            stages.Add(new DecodingStage(codings.OfText.Name, new TextDecoder(text)));
        }

        _stages = [.. stages];
    }

    /// <summary>Whether all of it has been decoded, and nothing is wrong with it.</summary>
    public bool HasEnded => _stages[^1].HasEnded;

    /// <summary>Bytes sent that have been taken.</summary>
    public long Taken => _stages[0].Taken;

    /// <summary>Bytes that the last step has taken: of text that is transcoded, how much of it as it was sent has been given.</summary>
    public long TakenLast => _stages[^1].Taken;

    /// <summary>Where the next bytes that were sent go.</summary>
    public Memory<byte> MakeRoom() => _stages[0].MakeRoom();

    public void Add(int bytes) => _stages[0].Add(bytes);

    /// <summary>All that was sent is there.</summary>
    public void Complete() => _stages[0].Complete();

    /// <summary>Decodes what is there. A fault is told again whenever it is asked.</summary>
    /// <returns>Bytes in the destination; 0 when more have to come, or it <see cref="HasEnded"/>.</returns>
    /// <exception cref="UndecodableException">It cannot be decoded.</exception>
    public int Decode(Span<byte> destination)
    {
        if (_fault is not null)
        {
            throw _fault;
        }

        try
        {
            return Decode(_stages.Length - 1, destination);
        }
        catch (UndecodableException e)
        {
            _fault = e;
            throw;
        }
    }

    public void Dispose() => Array.ForEach(_stages, stage => stage.Dispose());

    internal static StreamDecoder DecoderOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => new GzipDecoder(),
        ContentCoding.Deflate => new ZlibDecoder(),
        ContentCoding.Brotli => new BrotliStreamDecoder(),
        _ => new ZstdDecoder(),
    };

    private int Decode(int index, Span<byte> destination)
    {
        DecodingStage stage = _stages[index];
        while (true)
        {
            int written = stage.Decode(destination);
            ThrowIfExceeded(stage);
            if (written > 0 || stage.HasEnded || index == 0)
            {
                return written;
            }

            int more = Decode(index - 1, stage.MakeRoom().Span);
            if (more > 0)
            {
                stage.Add(more);
            }
            else if (_stages[index - 1].HasEnded)
            {
                stage.Complete();
            }
            else
            {
                return 0;
            }
        }
    }

    /// <summary>At every step: what comes of it may be thrown away by the next, and would still have to be made.</summary>
    private void ThrowIfExceeded(DecodingStage stage)
    {
        try
        {
            _limits.ThrowIfExceeded(stage.Given, _stages[0].Taken);
        }
        catch (DecodingException e)
        {
            throw stage.Refuse(e);
        }
    }
}
