namespace PipelineService.Benchmarks.Harness;

/// <summary>Who is measured when.</summary>
internal static class Turns
{
    /// <summary>
    /// All of them, every other round in reverse: what comes first or last must not always be the same.
    /// </summary>
    public static IEnumerable<T> InTurn<T>(this IReadOnlyList<T> variants, int round) =>
        round % 2 == 0 ? variants : variants.Reverse();
}
