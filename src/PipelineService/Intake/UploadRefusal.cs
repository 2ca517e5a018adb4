using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>
/// Every way in which an upload is refused: one table of code, status and sentence. A refusal leaves nothing behind.
/// </summary>
public sealed record UploadRefusal(string Code, int Status, string Title, string Detail)
{
    /// <summary>Seconds after which another try may do, or null when it would not.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A header that says what would have been taken.</summary>
    public (string Name, string Value)? Accepts { get; init; }

    public static UploadRefusal DatasetNotFound(string dataset) => new(
        "dataset_not_found", StatusCodes.Status404NotFound,
        "There is no such dataset.",
        $"No dataset is called '{Excerpt.Of(dataset)}'. Declare it first: PUT /v1/datasets/{Excerpt.Of(dataset)}.");

    public static UploadRefusal DatasetNotAtHand(string dataset, int retryAfterSeconds) => new(
        "database_unavailable", StatusCodes.Status503ServiceUnavailable,
        "The database cannot be used.",
        $"Nobody has used dataset '{dataset}' here since the service started, and the database cannot be asked for it. Nothing was "
        + "kept; send the upload again later.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static UploadRefusal UnsupportedMediaType(string contentType) => new(
        "unsupported_media_type", StatusCodes.Status415UnsupportedMediaType,
        "The content type is not one that can be loaded.",
        string.Join(
            " ",
            ((string[])
            [
                $"'{Excerpt.Of(contentType)}' was sent.",
                MediaTypeAdvice.For(contentType),
                $"Taken are {UploadContentType.AcceptPost}; without a Content-Type the dataset's format decides.",
            ]).Where(sentence => sentence.Length > 0)))
    {
        Accepts = ("Accept-Post", UploadContentType.AcceptPost),
    };

    public static UploadRefusal UnsupportedCharset(string charset) => new(
        "unsupported_charset", StatusCodes.Status415UnsupportedMediaType,
        "The character set is not UTF-8.",
        $"The body was announced as '{Excerpt.Of(charset)}'; send UTF-8: iconv -f {Excerpt.Of(charset)} -t UTF-8 FILE converts it.")
    {
        Accepts = ("Accept-Post", UploadContentType.AcceptPost),
    };

    public static UploadRefusal OtherHeader(string said, bool isDeclared) => new(
        "unsupported_media_type", StatusCodes.Status415UnsupportedMediaType,
        "The content type is not one that can be loaded.",
        $"The Content-Type says header={Excerpt.Of(said)}, and dialect.header of the dataset is {(isDeclared ? "true" : "false")}: "
        + $"leave the parameter out, or declare the dataset with dialect.header {(isDeclared ? "false" : "true")}.")
    {
        Accepts = ("Accept-Post", UploadContentType.AcceptPost),
    };

    public static UploadRefusal UnsupportedEncoding(string encoding) => new(
        "unsupported_content_encoding", StatusCodes.Status415UnsupportedMediaType,
        "The content encoding cannot be removed.",
        $"The body was sent with Content-Encoding '{Excerpt.Of(encoding)}'. {MediaTypeAdvice.Uncompressed(encoding)}")
    {
        Accepts = ("Accept-Encoding", "identity"),
    };

    public static UploadRefusal MalformedHeader(string name, string fault) => Of(Problem.MalformedHeader(name, fault));

    public static UploadRefusal UnsupportedDigest(string header, string algorithms) => new(
        "unsupported_digest", StatusCodes.Status400BadRequest,
        "The digest is of an algorithm that is not checked.",
        $"{header}: has {Excerpt.Of(algorithms)}, and only sha-256 is checked. Send sha-256=:BASE64: (RFC 9530), or leave the header "
        + "out.")
    {
        Accepts = ($"Want-{header}", "sha-256=10"),
    };

    public static UploadRefusal SourceUnusable(int length) => new(
        "malformed_query", StatusCodes.Status400BadRequest,
        "A query parameter cannot be used.",
        $"source: has {length} characters; 1 to {UploadRequest.SourceLengthMax} printable ones are allowed.");

    public static UploadRefusal ReplacesUnusable { get; } = new(
        "malformed_query", StatusCodes.Status400BadRequest,
        "A query parameter cannot be used.",
        "replaces: is not the id of a job. Ids are UUIDs, as the answer to the upload gave them.");

    public static UploadRefusal Truncated(long received) => new(
        "upload_truncated", StatusCodes.Status400BadRequest,
        "The body broke off.",
        $"The connection ended after {received} bytes, before the end of the body. Nothing was kept; send it again.");

    public static UploadRefusal Malformed(string fault) => new(
        "malformed_request", StatusCodes.Status400BadRequest,
        "The body cannot be read.",
        $"{fault} Nothing was kept.");

    public static UploadRefusal TooSlow(IntakeOptions options) => new(
        "request_timeout", StatusCodes.Status408RequestTimeout,
        "The body came too slowly.",
        $"Send at least {options.BodyBytesPerSecondMin} bytes a second. Nothing was kept; send it again.");

    public static UploadRefusal TooLarge(long limit) => new(
        "body_too_large", StatusCodes.Status413PayloadTooLarge,
        "The body is too large.",
        $"At most {limit} bytes are taken in one upload. Send the data in parts.");

    public static UploadRefusal SpoolFull(string reason) => new(
        "spool_full", StatusCodes.Status507InsufficientStorage,
        "There is no room for the upload.",
        $"{reason} Uploads that wait are being loaded; try again later.")
    {
        RetryAfterSeconds = 30,
    };

    public static UploadRefusal SpoolUnavailable { get; } = new(
        "spool_unavailable", StatusCodes.Status503ServiceUnavailable,
        "The upload cannot be stored.",
        "The disk of the spool cannot be written or did not keep what was written. Nothing was kept; send it again later.")
    {
        RetryAfterSeconds = 10,
    };

    public static UploadRefusal TooManyUploads(int limit) => new(
        "too_many_uploads", StatusCodes.Status503ServiceUnavailable,
        "Too many uploads are arriving.",
        $"{limit} uploads are received at once; try again shortly.")
    {
        RetryAfterSeconds = 2,
    };

    public static UploadRefusal ShuttingDown { get; } = new(
        "shutting_down", StatusCodes.Status503ServiceUnavailable,
        "The service is shutting down.",
        "Nothing was kept; send the upload again.")
    {
        RetryAfterSeconds = 5,
    };

    public static UploadRefusal DigestMismatch(string header, string received) => new(
        "digest_mismatch", StatusCodes.Status400BadRequest,
        "The body is not what the digest says.",
        $"{header} does not match: the bytes received have the sha-256 {received}. Nothing was kept; send it again.");

    public static UploadRefusal KeyInUse { get; } = new(
        "upload_in_progress", StatusCodes.Status409Conflict,
        "An upload with this Idempotency-Key is still arriving.",
        "Another connection is sending an upload with the same key. Wait for its end, or follow its job.")
    {
        RetryAfterSeconds = 1,
    };

    public static UploadRefusal Cancelled(Guid jobId) => new(
        "job_cancelled", StatusCodes.Status409Conflict,
        "The job was cancelled while its upload arrived.",
        $"Somebody cancelled job {jobId}; the rest of the body was not read.");

    public static UploadRefusal CancelledBefore(Guid jobId) => new(
        "job_cancelled", StatusCodes.Status409Conflict,
        "The job was cancelled.",
        $"Somebody cancelled job {jobId}, which was made under this Idempotency-Key. To load the data after all, revert that "
        + $"job (POST /v1/jobs/{jobId}/revert) and send the upload again, or send it under another key.");

    public static UploadRefusal RowsKept(Guid jobId, long rows) => new(
        "rows_kept", StatusCodes.Status409Conflict,
        "The job under this Idempotency-Key failed and kept rows.",
        $"Job {jobId} failed when {rows} records had landed; loading the upload again would double them. Revert that job "
        + $"(POST /v1/jobs/{jobId}/revert) and send the upload again, or send it under another key.");

    public static UploadRefusal KeyReused(Guid jobId) => new(
        "idempotency_key_reused", StatusCodes.Status422UnprocessableEntity,
        "The Idempotency-Key was used for other data.",
        $"Job {jobId} was made under this key from other bytes. Use a new key for new data.");

    public static UploadRefusal KeyOfAnotherCall(Guid jobId) => new(
        "idempotency_key_reused", StatusCodes.Status422UnprocessableEntity,
        "The Idempotency-Key was used for another purpose.",
        $"Job {jobId} was made under this key, and does not replace the job that this upload is to replace (replaces). Use a new key.");

    /// <summary>What an error of the spool's disk means for the sender: no room, which passes, or no disk.</summary>
    public static UploadRefusal Of(Exception diskError) => diskError is IOException error && SpoolFullException.IsDiskFull(error)
        ? SpoolFull("The disk of the spool is full.")
        : SpoolUnavailable;

    public static UploadRefusal Of(Problem problem) => new(problem.Code, problem.Status, problem.Title, problem.Detail);

    public IResult ToResult(HttpContext context)
    {
        if (RetryAfterSeconds is int seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (Accepts is var (name, value))
        {
            context.Response.Headers[name] = value;
        }

        if (this == ShuttingDown)
        {
            context.Response.Headers.Connection = "close"; // the rest of the body is not waited for
        }

        return ToProblem().ToResult();
    }

    public Problem ToProblem() => new() { Code = Code, Status = Status, Title = Title, Detail = Detail };

    private static Guid ExampleJob { get; } = Guid.Parse(JobEndpoints.ExampleId);

    /// <summary>One of each, for the API's description.</summary>
    internal static IReadOnlyList<UploadRefusal> Examples =>
    [
        DatasetNotFound("trips"),
        UnsupportedMediaType("multipart/form-data"),
        UnsupportedCharset("iso-8859-1"),
        UnsupportedEncoding("gzip"),
        UnsupportedDigest("Repr-Digest", "md5"),
        UnsupportedDigest("Content-Digest", "md5"),
        MalformedHeader("Idempotency-Key", "give one value of 1 to 255 visible ASCII characters."),
        SourceUnusable(200),
        ReplacesUnusable,
        Of(JobProblems.NotFound(ExampleJob.ToString())),
        Of(JobProblems.IsNotFinal(JobState.Running)),
        Of(JobProblems.IsOfAnotherDataset(ExampleJob, "trips")),
        Of(JobProblems.IsReverted(ExampleJob)),
        Of(JobProblems.IsBeingReplaced(ExampleJob)),
        Of(JobProblems.NoLineage),
        Truncated(1_048_576),
        Malformed("Bad chunk size data."),
        TooSlow(new IntakeOptions()),
        TooLarge(1L << 40),
        SpoolFull("The spool's quota or disk does not hold the upload."),
        SpoolUnavailable,
        TooManyUploads(256),
        ShuttingDown,
        DigestMismatch("Content-Digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        KeyInUse,
        Cancelled(ExampleJob),
        RowsKept(ExampleJob, 4_096),
        KeyReused(ExampleJob),
        KeyOfAnotherCall(ExampleJob),
    ];
}

/// <summary>An upload cannot be taken. Thrown once per refused request, never per record.</summary>
public sealed class UploadRefusedException : Exception
{
    public UploadRefusedException()
        : this(UploadRefusal.Malformed("The request cannot be read."))
    {
    }

    public UploadRefusedException(string message)
        : this(UploadRefusal.Malformed(message))
    {
    }

    public UploadRefusedException(string message, Exception innerException)
        : base(message, innerException) => Refusal = UploadRefusal.Malformed(message);

    public UploadRefusedException(UploadRefusal refusal)
        : base(refusal.Title) => Refusal = refusal;

    public UploadRefusal Refusal { get; }
}
