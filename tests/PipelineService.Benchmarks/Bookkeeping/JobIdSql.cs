namespace PipelineService.Benchmarks.Bookkeeping;

/// <summary>SQL that makes job ids as the service does (UUIDv7, RFC 9562): they sort by time.</summary>
internal static class JobIdSql
{
    /// <param name="milliseconds">An expression: since 1970.</param>
    /// <param name="seed">An expression from which the bits come that would be random; the same one gives the same
    /// id.</param>
    public static string Of(string milliseconds, string seed) =>
        $"(lpad(to_hex({milliseconds}), 12, '0') || '7' || left(md5({seed}), 3) "
        + $"|| '8' || right(md5({seed}), 15))::uuid";

    /// <summary>An expression: the milliseconds of now.</summary>
    public const string Now = "(extract(epoch FROM now()) * 1000)::bigint";
}
