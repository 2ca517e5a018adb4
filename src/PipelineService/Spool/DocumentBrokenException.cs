using PipelineService.Core.Parsing;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Spool.Formats;

namespace PipelineService.Spool;

/// <summary>
/// A document is not written so that its records could be told apart: nothing behind that place can be loaded. The records before
/// it are as good as those of any other upload.
/// </summary>
public sealed class DocumentBrokenException : JobFaultException
{
    /// <param name="kind">What is wrong.</param>
    /// <param name="offset">Where in the upload.</param>
    /// <param name="line">On which of its lines, from 1 on.</param>
    /// <param name="records">Records that come before.</param>
    /// <param name="found">What stands there.</param>
    public DocumentBrokenException(FramingFaultKind kind, long offset, long line, long records, ReadOnlySpan<byte> found)
        : base(DocumentProblems.Malformed(kind, offset, line, records, found))
    {
    }

    private DocumentBrokenException(Problem problem)
        : base(problem)
    {
    }

    /// <summary>The same of a job whose chunks are committed one by one.</summary>
    public DocumentBrokenException WithRecordsThatStay() => new(Problem with
    {
        Detail = $"{Problem.Detail} Records that come before it are loaded and stay (load.commit is \"chunk\"): revert the job, or send a "
            + "mended document in its place (?replaces=).",
    });
}
