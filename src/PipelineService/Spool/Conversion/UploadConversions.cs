using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Spool.Decoding;
using PipelineService.Spool.Local;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// Makes of uploads that are no text what the service reads: packed rows, of workbooks rows of JSON, once for a job, in a file that a later
/// attempt finds again.
/// </summary>
public sealed class UploadConversions(SpoolDirectory directory, IOptions<SpoolOptions> options, TimeProvider time) : IDisposable
{
    private readonly SpoolOptions _options = options.Value;
    private readonly ConversionTurns _turns = new(options.Value.ConversionsMax, time);
    private readonly ReadyConverter _ready = new(ConversionProcess.LibraryBytesOf(options.Value.ConversionMemoryMax), time);

    /// <summary>A file arrives that will be converted: what converts it is made ready meanwhile.</summary>
    public void Prepare(DataFormat format) => _ready.Prepare(format);

    /// <summary>
    /// What a job reads: what was made before, if it is what was pinned, else what is made now. Readers need not wait until all of it is
    /// made; its last bytes come when <paramref name="pin"/> has returned.
    /// </summary>
    /// <param name="job">For which it is made: another job of the same upload may want something else of it.</param>
    /// <param name="upload">Sealed.</param>
    /// <param name="codings">What has to be undone before the file is there.</param>
    /// <param name="format">What the file is.</param>
    /// <param name="definition">Of the dataset.</param>
    /// <param name="pinned">What was made of it before; null for nothing.</param>
    /// <param name="pin">Remembers what was made.</param>
    /// <exception cref="ConversionAwaitedException">Others are converted now.</exception>
    public async Task<UploadContent> OpenAsync(
        Guid job, SpoolReader upload, UploadCodings codings, FormatRow format, DatasetDefinition definition, ConversionDigest? pinned,
        Func<ConversionDigest, CancellationToken, Task> pin, CancellationToken cancellationToken)
    {
        try
        {
            if (pinned is not null && await ConvertedFile.OpenAsync(directory, job, pinned, cancellationToken) is { } made)
            {
                return UploadContent.Of(upload, new ConvertedUpload(made), format);
            }

            if (!_turns.TryEnter(job))
            {
                throw new ConversionAwaitedException(_options.ConversionsMax);
            }
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"What was made of the upload cannot be opened: {e.Message}", e);
        }

        return UploadContent.Of(upload, Begin(job, upload, codings, format, definition, pin), format);
    }

    /// <summary>Removes what was made for a job that has ended.</summary>
    /// <exception cref="IOException">The spool does not let go of it.</exception>
    public void Discard(Guid job)
    {
        GiveUp(job);
        ConvertedFile.Delete(directory, job);
    }

    /// <summary>Who was told to wait does not ask again: whoever comes behind need not wait for that.</summary>
    public void GiveUp(Guid job) => _turns.GiveUp(job);

    /// <summary>Jobs for which something has been made.</summary>
    public IEnumerable<Guid> Jobs() => ConvertedFile.Jobs(directory);

    public void Dispose() => _ready.Dispose();

    private ConvertedUpload Begin(
        Guid job, SpoolReader upload, UploadCodings codings, FormatRow format, DatasetDefinition definition,
        Func<ConversionDigest, CancellationToken, Task> pin)
    {
        ConvertedFile? file = null;
        try
        {
            file = ConvertedFile.Create(directory);
            ConvertedFile target = file;
            return new ConvertedUpload(target, async (tell, stop) =>
            {
                try
                {
                    await MakeAsync(target, upload, codings, format, definition, tell, stop);
                    await pin(target.Digest, stop);
                    FaultPoints.Reach(FaultPoint.ConversionPinned);
                    target.Name(job);
                    FaultPoints.Reach(FaultPoint.ConversionNamed);
                }
                catch (SpoolFullException e)
                {
                    throw new SpoolUnavailableException(e.Message, e);
                }
                catch (Exception e) when (SpoolUnavailableException.IsFault(e))
                {
                    throw new SpoolUnavailableException($"What is made of the upload cannot be kept: {e.Message}", e);
                }
                finally
                {
                    _turns.Leave();
                }
            });
        }
        catch (Exception e)
        {
            file?.Dispose();
            _turns.Leave();
            throw SpoolUnavailableException.IsFault(e)
                ? new SpoolUnavailableException($"What is made of the upload cannot be kept: {e.Message}", e)
                : e;
        }
    }

    private async Task MakeAsync(
        ConvertedFile file, SpoolReader upload, UploadCodings codings, FormatRow format, DatasetDefinition definition, Action tell,
        CancellationToken stop)
    {
        if (upload.WasStored)
        {
            await upload.VerifyAsync(0, upload.Length, stop); // what was received, not what a disk has made of it
        }

        using SourceFile source = await SourceFile.OfAsync(directory, upload, codings, _options, stop);
        DecodedLimits decoded = new(_options.DecodedBytesMax, _options.DecodedRatioMax, SpoolOptions.DecodedRatioFrom);
        ConversionRequest request = new(
            format.Form.Format, source.Path, ConversionRequest.FieldsOf(definition.Schema), ConversionProcess.LibraryBytesOf(_options.ConversionMemoryMax))
        {
            Target = file.Path,
            Sheet = format.Form.Format == DataFormat.Xlsx ? SheetRequest.Of(definition) : null,
            PartLimits = decoded,
            Packed = ConversionRequest.PackedOf(definition),
            MatchesLoosely = definition.Dialect.HeaderMatch != HeaderMatch.Exact,
        };
        ConversionLimits limits = new(_options.ConversionMemoryMax, _options.ConversionStallMax, decoded);
        using ConversionProcess process = await _ready.StartAsync(request);
        await process.FollowAsync(
            limits,
            source.Bytes,
            () => file.WrittenBytes,
            (made, _) =>
            {
                FaultPoints.Reach(FaultPoint.ConversionWriting);
                file.Grow(made);
                tell();
                return ValueTask.CompletedTask;
            },
            time,
            stop);
        FaultPoints.Reach(FaultPoint.Converted);
    }
}
