namespace PipelineService.Spool.Conversion;

/// <summary>A file cannot be converted, whoever tries it.</summary>
/// <param name="message">Why, as a sentence that names no path.</param>
internal sealed class UnconvertibleException(string message) : Exception(message);

/// <summary>A file cannot be converted in the memory that there is.</summary>
internal sealed class DemandingException() : Exception("It takes more memory to read than a conversion may use.");

/// <summary>More would come of a file than may.</summary>
/// <param name="message">Of what, and how much, as a sentence.</param>
internal sealed class OversizedException(string message) : Exception(message);
