using System.Diagnostics;
using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Hosting;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Decoding;

namespace PipelineService.Jobs.Traces;

/// <summary>The kept bytes of a job's upload, open to be read as its load has read them.</summary>
internal sealed class TracedUpload : IAsyncDisposable
{
    private readonly SpoolReader _upload;

    public TracedUpload(SpoolReader upload, UploadContent content) => (_upload, Content) = (upload, content);

    public UploadContent Content { get; }

    public SpoolManifest Manifest => _upload.Manifest;

    /// <summary>How its records are written.</summary>
    public UploadForm Form => new(Manifest.Format, Manifest.Delimiter);

    /// <summary>The trace of the request that brought it; null where that is not known.</summary>
    public string? TraceId => ActivityContext.TryParse(Manifest.TraceParent, traceState: null, out ActivityContext request)
        ? request.TraceId.ToString()
        : null;

    /// <summary>Looks at what a plain upload gives back; of what is decoded the decoding finds it.</summary>
    public Task VerifyAsync(long start, long end, CancellationToken cancellationToken) =>
        _upload.WasStored && !Content.IsCoded ? _upload.VerifyAsync(start, end, cancellationToken) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        Content.Dispose();
        await _upload.DisposeAsync();
    }
}

/// <summary>Opens the kept bytes of uploads.</summary>
public sealed class TracedUploads(ISpool spool, UploadConversions conversions, IOptions<SpoolOptions> options, TimeProvider time)
{
    private const string HowToKeep =
        "To have the bytes of the next ones kept, declare the dataset with load.keepUpload, for example \"P7D\".";

    /// <summary>Opens those of a job.</summary>
    /// <returns>Without an upload: why, as a sentence.</returns>
    internal async Task<(TracedUpload? Upload, string? Reason)> OpenAsync(
        JobRow job, DatasetDefinition definition, ConversionDigest? converted, CancellationToken cancellationToken)
    {
        if (!job.UploadComplete)
        {
            return (null, "The upload is still arriving.");
        }

        if (job.FinishedAt is not null && !(job.UploadKeptUntil > time.GetUtcNow().UtcDateTime))
        {
            return (null, $"The bytes of the upload are not kept any more. {HowToKeep}");
        }

        if (job.Spool != spool.Id)
        {
            return (null, "The bytes of the upload lie in the spool of another instance: ask that one.");
        }

        SpoolReader? upload = null;
        try
        {
            upload = await spool.OpenAsync(job.Upload, cancellationToken);
            var codings = UploadCodings.Of(upload.Manifest);
            FormatRow format = FormatTable.Of(upload.Manifest.Format);
            UploadContent content = format.IsConverted
                ? await conversions.OpenAsync(
                    job.Id, upload, codings, format, definition, converted,
                    (made, _) => made == converted ? Task.CompletedTask : throw new JobFaultException(ConversionProblems.Differs),
                    cancellationToken)
                : await UploadContent.OpenAsync(upload, codings, options.Value, cancellationToken);
            TracedUpload opened = new(upload, content);
            upload = null;
            return (opened, null);
        }
        catch (Exception e) when (ReasonOf(e) is { } reason)
        {
            conversions.GiveUp(job.Id);
            return (null, reason);
        }
        finally
        {
            if (upload is not null)
            {
                await upload.DisposeAsync();
            }
        }
    }

    /// <summary>Why bytes cannot be read; null for what is no matter of them.</summary>
    internal static string? ReasonOf(Exception fault) => fault switch
    {
        SpoolDamagedException => $"The bytes of the upload are not in the spool any more, or are damaged. {HowToKeep}",
        SpoolNewerException => "The upload was taken by a newer version of the service, which alone can read it.",
        SpoolUnavailableException => "The spool cannot be read now; try again.",
        ConversionAwaitedException => "Other files are being converted now; try again.",
        JobFaultException refused => refused.Problem.Detail,
        _ => null,
    };
}
