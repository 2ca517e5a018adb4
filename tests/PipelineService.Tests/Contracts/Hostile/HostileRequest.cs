namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>A request as bytes, with what a test may say of its answer.</summary>
/// <param name="Line">Its first line, for people.</param>
/// <param name="IsWhole">Whether it ends where it says that it does: one that does not may be left without an answer.</param>
/// <param name="HasBodyInAnswer">Whether its answer has one: that to HEAD has none.</param>
internal sealed record HostileRequest(string Line, byte[] Bytes, bool IsWhole, bool HasBodyInAnswer);
